"""Whoever can write to Redis can change nothing: neither by an order nor by a report."""

from __future__ import annotations

import time
from dataclasses import replace

from celery import Celery
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mailadmin.wire.broker import celery_settings
from mailadmin.wire.core.messages import VERSION, Order, Outcome, Report, Role, Verb
from mailadmin.wire.keys import load_private
from mailadmin.wire.models import Attempt, ReceivedReport
from mailadmin.wire.names import CONTROL_USER
from mailadmin.wire.signatures import seal_order, seal_report
from mailadmin.wire.transport import Transport
from routing.core.states import PushState
from routing.models import ConfigPush
from routing.services.approve import refuse
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import DEPLOY, LIVENESS_S, Site


def writer(site: Site) -> Transport:
    """Somebody with the control plane's password of Redis, and nothing else."""
    url = site.sandbox.broker.url(CONTROL_USER)
    app = Celery("hostile", set_as_current=False)
    app.conf.update(celery_settings(url=url, prefix="hostile", queues=["hostile"]))
    return Transport.connect(app=app, url=url, blob_ttl_s=60)


def last_activation(site: Site) -> Attempt:
    """The order that once made the live release live."""
    found = Attempt.objects.filter(verb=Verb.ACTIVATE, arguments__release=site.link()).last()
    assert found is not None
    return found


def agent_says(site: Site, text: str) -> None:
    wait_until(lambda: text in site.stack.output(DEPLOY), f"the agent says {text}", LIVENESS_S)


def test_an_altered_order_is_dropped(site: Site) -> None:
    older, before = last_activation(site), site.link()
    altered = older.envelope.replace(older.arguments["release"], "0" * 64)
    assert altered != older.envelope
    writer(site).send_order("listes", Role.DEPLOY, altered)
    agent_says(site, "an order was dropped: the signature does not belong to this key and body")
    assert site.link() == before


def test_an_older_order_is_refused_and_its_report_ignored(site: Site) -> None:
    """Replayed after a later push: it would bring the former release back."""
    older = last_activation(site)
    site.go_live(site.propose(site.add_domain("replayed.example.org")))
    now = site.link()
    writer(site).send_order("listes", Role.DEPLOY, older.envelope)
    ignored = ReceivedReport.objects.filter(attempt_id=str(older.pk), accepted=False)
    wait_until(ignored.exists, "the refusal is kept and ignored", seconds=LIVENESS_S)
    assert site.link() == now
    older.refresh_from_db()
    assert older.outcome == Outcome.DONE


def test_an_expired_order_with_a_good_signature_is_refused(site: Site) -> None:
    """Held back for an hour and let through then."""
    push = site.proved("expired.example.org")
    before = site.link()
    key = load_private(site.sandbox.var / "keys/control.key")
    order = Order(
        version=VERSION,
        host="listes",
        role=Role.DEPLOY,
        verb=Verb.ACTIVATE,
        arguments=activation(site, push),
        attempt=str(last_activation(site).pk),
        sequence=10**9,
        not_after=int(time.time()) - 60,
    )
    writer(site).send_order("listes", Role.DEPLOY, seal_order(order, key))
    agent_says(site, "order 1000000000 was refused: the order was good until")
    assert site.link() == before
    refuse(push=push, digest=push.digest, reason="the test is over", by=site.people["paul"])


def activation(site: Site, push: ConfigPush) -> dict[str, str]:
    target = site.target(push)
    return {
        "release": target.revision.digest,
        "base": target.base,
        "manifest_digest": target.manifest_digest,
    }


def test_a_report_signed_by_the_other_role_is_kept_and_not_believed(site: Site) -> None:
    push = site.proved("forged.example.org")
    before = site.link()
    site.pause(DEPLOY)
    site.approve(push)
    sent = site.until_sent(push, Verb.ACTIVATE)
    writer(site).send_report(seal_report(success(site, sent), spool_key(site)))
    unsigned = ReceivedReport.objects.filter(agent=None, accepted=False)
    wait_until(unsigned.exists, "the forgery is kept", seconds=LIVENESS_S)
    as_itself = replace(success(site, sent), role=Role.SPOOL)
    writer(site).send_report(seal_report(as_itself, spool_key(site)))
    other_role = ReceivedReport.objects.filter(agent__role=Role.SPOOL, attempt_id=str(sent.pk))
    wait_until(other_role.exists, "the report of another agent is kept", seconds=LIVENESS_S)

    assert not other_role.filter(accepted=True).exists()
    sent.refresh_from_db()
    push.refresh_from_db()
    assert (sent.is_open, push.state, site.link()) == (True, PushState.DEPLOYING, before)
    site.resume(DEPLOY)
    site.until(push, PushState.ACTIVE)


def spool_key(site: Site) -> Ed25519PrivateKey:
    return load_private(site.tree.spool_agent / "agent.key")


def success(site: Site, sent: Attempt) -> Report:
    """What the deploy agent would say of an activation that went well."""
    assert sent.sequence is not None
    return Report(
        version=VERSION,
        host="listes",
        role=Role.DEPLOY,
        attempt=str(sent.pk),
        sequence=sent.sequence,
        outcome=Outcome.DONE,
        body={"live": sent.arguments["release"], "previous": sent.arguments["base"]},
        blob=None,
        at=int(time.time()),
    )
