"""Keys are exchanged as docs/operations.md says, with an order on its way each time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import redis
from django.core.management import call_command
from django.test import override_settings

from deploy.sandbox.hosts import give_to
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.core.states import AttemptState
from mailadmin.wire.keys import generate, load_private, write_public
from mailadmin.wire.models import Agent, Attempt, ReceivedReport
from mailadmin.wire.names import CONTROL_USER, REPORTS_QUEUE
from mailadmin.wire.signatures import claimed, open_order, seal_order, seal_report
from routing.core.states import PushState
from routing.models import ConfigPush
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import DEPLOY, LIVENESS_S, Site
from tests.integration.push.test_control_killed import activations, switched
from tests.integration.push.test_hostile import agent_says, last_activation, writer


def exchange_agent_key(site: Site, name: str, role: Role) -> Path:
    """Its old key, moved away; the agent is stopped and started."""
    agent = next(agent for agent in site.sandbox.agents if agent.name == name)
    if site.stack.alive(name):
        site.stack.kill(name)
    old = agent.home / "agent.key"
    kept = old.rename(site.sandbox.var / f"old-{name}.key")
    write_public(agent.home / "agent.pub", generate(old).public_key())
    give_to(old, agent.user)
    call_command(
        "keys", "--replace", register=[["listes", role.value, str(agent.home / "agent.pub")]]
    )
    site.stack.start_ready(name)
    return kept


@contextmanager
def keys_of(site: Site) -> Iterator[Path]:
    """`manage.py keys` works on the site's own key files."""
    keys = site.sandbox.var / "keys"
    with override_settings(
        SIGNING_KEY_FILE=str(keys / "control.key"),
        CONTROL_PUBLIC_KEY_FILE=str(keys / "control.pub"),
    ):
        yield keys


def exchange_control_key(site: Site) -> Path:
    """The control plane's old key, moved away; worker and agents are stopped and started."""
    site.stack.kill("control")
    with keys_of(site) as keys:
        old = (keys / "control.key").rename(keys / "old-control.key")
        call_command("keys")
        for agent in site.sandbox.agents:
            write_public(
                agent.home / "control.pub", load_private(keys / "control.key").public_key()
            )
            site.stack.kill(agent.name)
    site.stack.start_ready("control", *(agent.name for agent in site.sandbox.agents))
    return old


def waits_for_an_answer(site: Site, key: str) -> tuple[ConfigPush, Attempt]:
    """A push whose activation is signed and sent, to an agent that stands still."""
    push = site.proved(key)
    site.pause(DEPLOY)
    site.approve(push)
    return push, site.until_sent(push, Verb.ACTIVATE)


def test_an_agents_key_while_an_order_waits_for_it(site: Site) -> None:
    push, sent = waits_for_an_answer(site, "agent-key-waits.example.org")
    site.stack.kill(DEPLOY)
    site.paused.discard(DEPLOY)
    with keys_of(site):
        old = exchange_agent_key(site, DEPLOY, Role.DEPLOY)
    site.until(push, PushState.ACTIVE)
    assert activations(push) == 1
    forged_report_is_not_believed(site, old, sent)


def forged_report_is_not_believed(site: Site, old: Path, attempt: Attempt) -> None:
    """Who has the old key can say nothing in the agent's name."""
    answered = ReceivedReport.objects.filter(attempt_id=str(attempt.pk), accepted=True).get()
    forged = seal_report(claimed(answered.envelope), load_private(old))
    before = ReceivedReport.objects.filter(accepted=False).count()
    writer(site).send_report(forged)
    wait_until(
        lambda: ReceivedReport.objects.filter(accepted=False).count() > before,
        "the forged report is kept and not believed",
        seconds=LIVENESS_S,
    )
    last = ReceivedReport.objects.filter(accepted=False).latest("pk")
    assert "the signature does not belong" in last.why


def test_an_agents_key_after_it_carried_out_an_order_and_before_that_is_known(site: Site) -> None:
    """Its journal holds the receipt under the old key, which nobody believes any more."""
    push, _ = waits_for_an_answer(site, "agent-key-done.example.org")
    site.until_control_is_through()
    site.stack.kill("control")
    site.resume(DEPLOY)
    wait_until(lambda: switched(site, push), "the host has switched", seconds=LIVENESS_S)
    wait_until(lambda: reports_wait(site), "its report waits", seconds=LIVENESS_S)
    with keys_of(site):
        exchange_agent_key(site, DEPLOY, Role.DEPLOY)
    # The report of before is lost, or is not believed: it must not matter which.
    site.lose_redis()
    site.stack.start_ready("control")
    site.until(push, PushState.ACTIVE)
    assert activations(push) == 1


def reports_wait(site: Site) -> bool:
    with redis.Redis.from_url(site.sandbox.broker.url(CONTROL_USER)) as client:
        return bool(client.llen(REPORTS_QUEUE))


def test_the_control_planes_key_while_an_order_waits(site: Site) -> None:
    push, sent = waits_for_an_answer(site, "control-key-waits.example.org")
    site.paused.discard(DEPLOY)
    exchange_control_key(site)
    site.until(push, PushState.ACTIVE)
    assert activations(push) == 1
    sent.refresh_from_db()
    key = load_private(site.sandbox.var / "keys/control.key").public_key()
    assert open_order(sent.envelope, key).sequence == sent.sequence


def expired_activations() -> int:
    """Of this stack, on which other tests may have left some."""
    return Attempt.objects.filter(state=AttemptState.EXPIRED, verb=Verb.ACTIVATE).count()


def test_an_order_of_the_old_control_key_is_dropped(site: Site) -> None:
    old = load_private(exchange_control_key(site))
    before, expired = site.link(), expired_activations()
    new = load_private(site.sandbox.var / "keys/control.key").public_key()
    site.go_live(site.propose(site.add_domain("control-key-new.example.org")))
    live = site.link()
    order = open_order(last_activation(site).envelope, new)
    agent = Agent.objects.get(host_name="listes", role="deploy")
    stolen = replace(
        order,
        sequence=agent.last_sequence + 1000,
        arguments={**order.arguments, "release": before, "base": live},
    )
    writer(site).send_order("listes", Role.DEPLOY, seal_order(stolen, old))
    agent_says(site, "an order was dropped: the signature does not belong to this key and body")
    site.until_heard(DEPLOY)
    assert site.link() == live
    assert expired_activations() == expired
