"""What is rendered is built without a word by m4, makemap and sendmail, and carries real mail."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from deploy.sandbox.hosts import HostTree
from deploy.sandbox.tools import SendmailTools
from routing.core.intent import Intent, ObjectKind, RelayTarget, RoutingObject, make_intent
from routing.core.mailers import OWN_MAILERS
from routing.core.render import render
from tests.fixtures.sandbox import AsHost, Sink
from tests.integration.routing.built import CONFIGS, Built, facts_of

MESSAGE = b"From: list@jres.org\nSubject: a test\nMessage-ID: <1@jres.org>\n\nHello.\n"
SYMPA = ("-L", "sm-sympa", "-oi", "-odi", "-oem", "-Am")
CLOSED_PORT = 9


def intent_of(*relays: RelayTarget) -> Intent:
    """Two virtual domains, the first relay target for everything, a key for each other one."""
    objects = [
        RoutingObject(UUID(int=1), ObjectKind.VIRTUAL_DOMAIN, "jres.org"),
        RoutingObject(UUID(int=2), ObjectKind.VIRTUAL_DOMAIN, "renater.fr"),
    ]
    for number, relay in enumerate(relays):
        key = f"k{number}.example" if number else "."
        identity = UUID(int=100 + number)
        objects.append(RoutingObject(identity, ObjectKind.ROUTE, key, relay_target=relay.id))
    return make_intent(
        "listes", {item.id: item for item in objects}, {relay.id: relay for relay in relays}
    )


def relay_at(port: int, number: int = 1) -> RelayTarget:
    name = f"smtp{number}"
    return RelayTarget(UUID(int=1000 + number), name, ("smtp1.renater.fr",), port)


@pytest.fixture
def build(
    host_dir: Callable[..., HostTree], sendmail_tools: SendmailTools, as_host: AsHost
) -> Callable[..., Built]:
    """``build(intent, site_m4="", local_mta_port=…)`` → a release of that intent."""
    tree = host_dir()

    def make(wanted: Intent, site_m4: str = "", **more: object) -> Built:
        bundle = render(wanted, facts_of(tree, sendmail_tools, **more), site_m4=site_m4)
        path = tree.routing / "releases" / bundle.digest
        built = Built(tree, sendmail_tools, path, as_host)
        built.write(bundle)
        return built

    return make


@pytest.mark.parametrize(
    ("relays", "site_m4", "more"),
    [
        ([relay_at(25)], "", {}),
        ([relay_at(2526)], "", {"local_mta_port": 2525}),
        ([relay_at(2526)], "", {"local_mta_host": "::1", "local_mta_port": 2525}),
        ([relay_at(25)], "define(`confTO_CONNECT', `20s')", {}),
        ([relay_at(25)], "", {"service_switch": ""}),
        ([relay_at(2600 + n, n) for n in range(1, OWN_MAILERS)], "", {"local_mta_port": 2525}),
        ([], "", {}),
    ],
)
def test_sendmail_takes_every_shape_without_a_word(
    build: Callable[..., Built],
    relays: list[RelayTarget],
    site_m4: str,
    more: dict[str, object],
) -> None:
    built = build(intent_of(*relays), site_m4, **more)

    for name in CONFIGS:
        done = built.sendmail(name, "-bC")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_sites_text_reaches_both_configurations(build: Callable[..., Built]) -> None:
    built = build(intent_of(relay_at(25)), "define(`confTO_CONNECT', `17s')")

    for name in CONFIGS:
        assert "O Timeout.connect=17s" in (built.path / f"{name}.cf").read_text().splitlines()


def test_m4_makes_the_same_bytes_each_time_and_knows_only_its_release(
    build: Callable[..., Built],
) -> None:
    built = build(intent_of(relay_at(25)))

    for name, table in CONFIGS.items():
        text = built.m4(name)
        assert text == (built.path / f"{name}.cf").read_bytes()
        assert f"Kmailertable btree {built.path}/{table}".encode() in text.splitlines()


def test_what_must_hold_is_in_both_configurations(build: Callable[..., Built]) -> None:
    built = build(intent_of(relay_at(2526)), local_mta_port=2525)
    for name in CONFIGS:
        lines = (built.path / f"{name}.cf").read_text().splitlines()
        assert "O CheckpointInterval=1" in lines
        assert f"O RunAsUser={built.tree.users.spool}:{built.tree.group}" in lines
        assert [line for line in lines if line.startswith("O HostStatusDirectory")] == []
        assert [line for line in lines if line.startswith("O AliasFile=")] == []
        flags = [line for line in lines if line.startswith(("Mesmtp,", "Mrelay", "Mlocal_mta,"))]
        assert len(flags) == 4
        assert all("k, S=" in line for line in flags)


def test_a_key_has_the_last_word_before_the_mx_of_a_domain(build: Callable[..., Built]) -> None:
    """In LOCAL_RULE_0 the look-up would send a local host whose MX we are to the local MTA."""
    built = build(intent_of(relay_at(25)))

    for name in CONFIGS:
        text = (built.path / f"{name}.cf").read_text()
        assert 0 < text.index("$(mailertable $1 $)") < text.index("$(bestmx $2 $: $2 $)")


def test_list_mail_is_delivered_where_the_table_says(
    build: Callable[..., Built], sink: Callable[..., Sink]
) -> None:
    """The local MTA greets with the list server's own name: without k that is a bounce."""
    mta, relay = sink("listes.renater.fr"), sink("relay")
    built = build(intent_of(relay_at(relay.port)), local_mta_port=mta.port)
    recipients = ["sympa@jres.org", "joe@orange.example", "ann@sub.jres.org", "postmaster"]

    done = submit(built, *recipients)

    assert (done, list(built.tree.spool.iterdir())) == (0, [])
    assert mta.recipients() == ["postmaster@listes.renater.fr", "sympa@jres.org"]
    assert relay.recipients() == ["ann@sub.jres.org", "joe@orange.example"]


def test_a_table_that_is_missing_holds_mail_and_sends_none_past_the_relay(
    build: Callable[..., Built], sink: Callable[..., Sink]
) -> None:
    mta, relay = sink("mta"), sink("relay")
    built = build(intent_of(relay_at(relay.port)), local_mta_port=mta.port)
    (built.path / "mailertable.db").unlink()

    submit(built, "joe@orange.example", "sympa@jres.org")

    assert mta.messages() == relay.messages() == []
    assert len([file for file in built.tree.spool.iterdir() if file.name.startswith("qf")]) == 1


def test_a_dead_relay_leaves_mail_in_the_spool_and_the_fallback_takes_what_it_can(
    build: Callable[..., Built], sink: Callable[..., Sink]
) -> None:
    relay = sink("relay")
    dead = build(intent_of(relay_at(CLOSED_PORT)), local_mta_port=CLOSED_PORT)
    assert submit(dead, "sympa@jres.org") == 0
    alive = build(intent_of(relay_at(CLOSED_PORT)), local_mta_port=relay.port)

    flushed = alive.sendmail("sympa-fallback", "-qf")

    assert flushed.returncode == 0
    assert relay.recipients() == ["sympa@jres.org"]
    assert list(alive.tree.spool.iterdir()) == []


def submit(built: Built, *recipients: str) -> int:
    """Submit as Sympa does, with the sendmail itself: the wrapper has its own tests."""
    cf = built.path / "sympa.cf"
    argv = [*SYMPA, "-C", str(cf), "-f", "list-owner@jres.org", "--", *recipients]
    user = built.tree.users.spool
    done = built.as_host(built.tree, user, built.tools.sendmail, *argv, stdin=MESSAGE)
    return done.returncode
