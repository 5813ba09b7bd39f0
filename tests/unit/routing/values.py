"""Values and strategies for the tests of routing/core."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

from hypothesis import strategies as st

from routing.core.facts import HostFacts, HostKind
from routing.core.intent import Intent, ObjectKind, RelayTarget, RoutingObject, make_intent

FACTS = HostFacts(
    name="listes",
    kind=HostKind.LIST_SERVER,
    fqdn="listes.renater.fr",
    sendmail_version="8.17.1.9",
    class_w=("listes", "listes.renater.fr", "localhost"),
    run_as_user="sympa",
    run_as_group="sympa",
    trusted_user="sympa",
    cf_dir="/usr/share/sendmail/cf",
    spool="/var/spool/sendmailsympa",
    run_dir="/run/sendmail/sympa",
    dead_letter="/var/spool/sendmailsympa.dead",
    wrapper="/opt/mailadmin/bin/sendmail",
)
MOVED_MTA = replace(FACTS, local_mta_port=2525)
SMTP1 = RelayTarget(UUID(int=1001), "smtp1", ("smtp1.renater.fr",))
SMTP2 = RelayTarget(UUID(int=1002), "smtp2", ("smtp2.renater.fr", "192.0.2.7"), port=2526)


def virtual(number: int, key: str, *, enabled: bool = True) -> RoutingObject:
    return RoutingObject(UUID(int=number), ObjectKind.VIRTUAL_DOMAIN, key, enabled)


def local(number: int, key: str) -> RoutingObject:
    return RoutingObject(UUID(int=number), ObjectKind.LOCAL_HOST, key)


def to_relay(number: int, key: str, relay: RelayTarget = SMTP1) -> RoutingObject:
    return RoutingObject(UUID(int=number), ObjectKind.ROUTE, key, relay_target=relay.id)


def route(number: int, key: str, mailer: str, next_hop: str) -> RoutingObject:
    return RoutingObject(UUID(int=number), ObjectKind.ROUTE, key, mailer=mailer, next_hop=next_hop)


def foreign(number: int, key: str, mailer: str, next_hop: str) -> RoutingObject:
    return RoutingObject(
        UUID(int=number), ObjectKind.FOREIGN_LINE, key, mailer=mailer, next_hop=next_hop
    )


def intent(
    *objects: RoutingObject, relays: Iterable[RelayTarget] = (SMTP1, SMTP2), server: str = "listes"
) -> Intent:
    return make_intent(
        server, {item.id: item for item in objects}, {relay.id: relay for relay in relays}
    )


SEED = intent(
    virtual(1, "renater.fr"),
    virtual(2, "demo.sympa.org"),
    virtual(3, "jres.org"),
    local(4, "host.renater.fr"),
    to_relay(5, "."),
)

LABELS = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,6}[a-z0-9_])?", fullmatch=True)
NAMES = (
    st.lists(LABELS, min_size=2, max_size=4)
    .map(".".join)
    .filter(lambda name: not name[-1].isdigit())
)
KEYS = st.one_of(st.just("."), NAMES, NAMES.map(lambda name: f".{name}"))
RELAYS = st.builds(
    RelayTarget,
    id=st.integers(1000, 1003).map(lambda number: UUID(int=number)),
    name=st.from_regex(r"[a-z]{1,5}", fullmatch=True),
    hosts=st.lists(NAMES, min_size=1, max_size=3, unique=True).map(tuple),
    port=st.sampled_from([25, 26, 2526]),
)


@st.composite
def intents(draw: st.DrawFn, keys: st.SearchStrategy[str] = KEYS) -> Intent:
    """Valid intents with few ids and few keys, so that two of them have much in common."""
    relays = draw(st.lists(RELAYS, max_size=3, unique_by=(lambda r: r.id, lambda r: r.name)))
    chosen = draw(st.lists(keys, max_size=8, unique=True))
    numbers = draw(st.permutations(range(1, 10)))
    objects = [
        draw(_objects(number, key, relays)) for number, key in zip(numbers, chosen, strict=False)
    ]
    return intent(*objects, relays=relays)


@st.composite
def _objects(draw: st.DrawFn, number: int, key: str, relays: list[RelayTarget]) -> RoutingObject:
    choices = [route(number, key, "esmtp", "[192.0.2.1]"), route(number, key, "error", "550 no")]
    choices += [to_relay(number, key, relay) for relay in relays]
    if not key.startswith("."):
        choices += [virtual(number, key), virtual(number, key, enabled=False), local(number, key)]
    return draw(st.sampled_from(choices))


FEW_KEYS = st.sampled_from([".", "a.org", "b.org", "c.org", ".org", "x.a.org", "d.fr", ".fr"])
"""Keys that meet: the same in two intents, and one below the other."""

ROUGH_TEXT = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="aé.:[]@-_xn☃İﬀ。١\u200d\u0301*/ \t\r\n\0#IPv6", max_size=40),
)
"""What somebody may type or paste, with the signs that matter in it more often."""
