"""The name of a list server: found as sendmail finds it, and said where it is too short."""

from __future__ import annotations

import time

import pytest

from mailadmin.wire.core.messages import Verb
from tests.integration.routing_agent.conftest import MailHost

# sendmail sleeps this long at each start of a host whose name is not fully qualified.
SLEEP_S = 60


def name_it(listes: MailHost, name: str, hosts: str) -> None:
    (listes.tree.etc / "hostname").write_text(f"{name}\n")
    (listes.tree.etc / "hosts").write_text(f"{hosts}\n")


@pytest.mark.parametrize(
    ("name", "hosts"),
    [
        ("listes.renater.fr", "127.0.0.1 listes.renater.fr listes localhost"),
        ("listes", "127.0.0.1 localhost\n127.0.1.1 listes.renater.fr listes"),
        ("LISTES", "127.0.1.1 Listes.Renater.fr listes"),
    ],
)
def test_the_name_is_the_one_that_sendmail_takes(listes: MailHost, name: str, hosts: str) -> None:
    """The second is what Debian's installer writes."""
    name_it(listes, name, hosts)
    facts = listes.verb(Verb.OBSERVE, {}).done["facts"]
    assert facts["fqdn"] == "listes.renater.fr"

    bundle = listes.bundle()
    listes.stage(bundle)
    cf = listes.release(bundle.digest) / "sympa.cf"
    said = listes.as_host(
        listes.tree,
        listes.tree.users.spool,
        listes.tools.sendmail,
        "-C",
        cf,
        "-bt",
        stdin=b"$j\n",
        seconds=SLEEP_S / 2,
    )
    assert b"listes.renater.fr" in said.stdout.lower()


def test_a_short_name_is_reported_at_once_and_proves_nothing(listes: MailHost) -> None:
    bundle = listes.bundle()
    live = listes.make_live(bundle)
    name_it(listes, "listes", "127.0.0.1 listes localhost")
    began = time.monotonic()

    facts = listes.verb(Verb.OBSERVE, {}).done["facts"]
    error = listes.prove(live=live).error

    assert time.monotonic() - began < SLEEP_S / 2
    assert (facts["fqdn"], facts["sendmail_version"]) == ("listes", "")
    assert facts["class_w"] == ["[127.0.0.1]", "listes", "localhost"]
    assert error["code"] == "short_name"
    assert "The name of this host, listes, is not fully qualified" in error["text"]
    assert "/etc/hosts" in error["text"]
    assert error["unchanged"] == "Nothing was switched."
