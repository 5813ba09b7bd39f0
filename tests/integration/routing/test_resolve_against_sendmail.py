"""Our resolver and real sendmail say the same, address by address, on rendered bundles."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from deploy.sandbox.hosts import HostTree
from deploy.sandbox.tools import SendmailTools
from routing.core.bv import Answer
from routing.core.facts import HostFacts
from routing.core.intent import Intent, ObjectKind, RelayTarget, RoutingObject, make_intent
from routing.core.render import render
from routing.core.resolve import Resolution, Resolver, Table
from tests.fixtures.sandbox import AsHost
from tests.integration.routing.built import CONFIGS, Built, facts_of

SMTP1 = RelayTarget(UUID(int=1), "smtp1", ("smtp1.renater.fr",), 2526)
SMTP2 = RelayTarget(UUID(int=2), "out-2", ("a.example", "192.0.2.7", "[IPv6:2001:db8::7]"))
LABELS = ("a", "b-c", "d_e", "xn--caf-dma", "lists", "9")
TOPS = ("example", "org", "fr")
VALUES = (
    ("esmtp", "[192.0.2.1]"),
    ("esmtp", "Hub.Example.org"),
    ("esmtp", "[a.example]:[b.example]:c.example"),
    ("esmtp", "[IPv6:2001:DB8::1]:[a.example]"),
    ("smtp8", "[old.example]"),
    ("relay", "[a.example],[b.example]"),
    ("error", "5.7.1:550 This domain is closed"),
    ("error", "nohost:550 No such host, see http://a.example/x?y=1; it's #1!"),
    ("error", "4.7.1:450 Try again later"),
    ("error", "gone away & - closed + over = end"),
    ("error", "550 5.7.1 No such list"),
)


def domains() -> Iterator[str]:
    for top in TOPS:
        for label in LABELS:
            yield f"{label}.{top}"
            yield from (f"{below}.{label}.{top}" for below in LABELS)


def some_intent(seed: int, *, default: bool) -> Intent:
    """A table of about sixty keys of every kind, the same for the same seed."""
    dice = random.Random(seed)  # repeatable on purpose
    numbers = iter(range(100, 1000))
    keys = dice.sample(sorted(domains()), 45) + [f".{name}" for name in dice.sample(LABELS, 3)]
    keys += [f".{name}" for name in dice.sample(sorted(domains()), 12)]
    objects = [some_object(dice, UUID(int=next(numbers)), key) for key in sorted(set(keys))]
    if default:
        objects.append(RoutingObject(UUID(int=99), ObjectKind.ROUTE, ".", relay_target=SMTP1.id))
    relays = {relay.id: relay for relay in (SMTP1, SMTP2)}
    return make_intent("listes", {item.id: item for item in objects}, relays)


def some_object(dice: random.Random, identity: UUID, key: str) -> RoutingObject:
    kind = dice.choice(["virtual", "local", "relay", "raw", "raw"])
    if kind == "relay":
        relay = dice.choice([SMTP1, SMTP2])
        return RoutingObject(identity, ObjectKind.ROUTE, key, relay_target=relay.id)
    if kind == "raw" or key.startswith("."):
        mailer, hop = dice.choice(VALUES)
        return RoutingObject(identity, ObjectKind.ROUTE, key, mailer=mailer, next_hop=hop)
    named = ObjectKind.VIRTUAL_DOMAIN if kind == "virtual" else ObjectKind.LOCAL_HOST
    return RoutingObject(identity, named, key)


def addresses() -> list[str]:
    asked = [f"probe@{name}" for name in domains()]
    asked += [f"probe@deep.below.{label}.{top}" for label in LABELS for top in TOPS]
    asked += [f"Probe@{name.upper()}" for name in list(domains())[:20]]
    asked += ["postmaster", "probe@localhost", "other@listes", "third@LISTES.renater.fr"]
    asked += ["probe@[192.0.2.9]", "probe@[IPv6:2001:db8::9]", "probe@a.example.", "probe@example"]
    asked += ["probe@unknown.invalid", "first.last+tag@a.example", "probe@renater.fr"]
    return asked


def same(predicted: Resolution, said: Answer | None) -> bool:
    if said is None or predicted.mailer != said[0]:
        return False
    if predicted.mailer == "error":
        return "".join(predicted.host.split()) == "".join(said[1].split())
    return predicted.host == said[1]


@pytest.mark.parametrize(
    ("seed", "default", "more"),
    [
        (1, True, {"local_mta_port": 2525}),
        (2, True, {}),
        (3, False, {"local_mta_host": "::1", "local_mta_port": 2525}),
        (4, False, {"local_mta_host": "mta.renater.fr"}),
    ],
)
def test_every_address_is_resolved_as_sendmail_resolves_it(
    seed: int,
    default: bool,
    more: dict[str, object],
    host_dir: Callable[..., HostTree],
    sendmail_tools: SendmailTools,
    as_host: AsHost,
) -> None:
    tree = host_dir()
    facts = facts_of(tree, sendmail_tools, **more)
    bundle = render(some_intent(seed, default=default), facts)
    built = Built(tree, sendmail_tools, tree.routing / "releases" / bundle.digest, as_host)
    built.write(bundle)
    asked = addresses()

    for name, file in CONFIGS.items():
        said = built.answers(name, asked)
        table = Table.from_text(bundle.files[file])
        wrong = [
            (address, predicted, said.get(address))
            for address in asked
            if not same(predicted := predict(table, address, facts), said.get(address))
        ]
        assert wrong == []
        assert len(said) == len(asked)


def predict(table: Table, address: str, facts: HostFacts) -> Resolution:
    return Resolver.of_host(table, facts).resolve(address)


def test_what_no_key_may_be_never_matches(
    host_dir: Callable[..., HostTree], sendmail_tools: SendmailTools, as_host: AsHost
) -> None:
    """The reason for the rules of check_key: makemap takes these keys, and mail passes by."""
    tree = host_dir()
    bundle = render(some_intent(1, default=True), facts_of(tree, sendmail_tools))
    refused = ["port.org:25", "[192.0.2.1]", "*.star.org", "list@at.org", "trail.org.", "bare.org"]
    lines = [f"{key}\tesmtp:[203.0.113.1]\n" for key in refused[:-1]]
    table = "".join(sorted([*lines, "bare.org\t[203.0.113.1]\n", ".\tesmtp:[smtp1.renater.fr]\n"]))
    files = {**bundle.files, "mailertable": table}
    built = Built(tree, sendmail_tools, tree.routing / "releases" / "x", as_host)
    built.write(replace(bundle, files=files))
    asked = ["a@port.org", "a@x.star.org", "a@at.org", "a@trail.org", "a@bare.org"]

    said = built.answers("sympa", [*asked, "a@[192.0.2.1]"])

    assert {said[address] for address in asked} == {("esmtp", "[smtp1.renater.fr]")}
    assert said["a@[192.0.2.1]"] == ("esmtp", "[192.0.2.1]")
