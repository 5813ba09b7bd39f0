"""A list server that loses its full name: nothing is proposed for it, and the page says why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailadmin.wire.core.messages import Verb
from routing.core.findings import InvalidIntent
from routing.core.states import PushState
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import DEPLOY, LIVENESS_S, SPOOL, Site


@contextmanager
def short_name(site: Site) -> Iterator[None]:
    """While inside, the host is called listes and nothing else."""
    files = [site.tree.etc / name for name in ("hostname", "hosts")]
    before = [file.read_text() for file in files]
    files[0].write_text("listes\n")
    files[1].write_text("127.0.0.1 listes localhost\n127.0.0.1 smtp1.renater.fr\n")
    restart(site)
    try:
        yield
    finally:
        for file, text in zip(files, before, strict=True):
            file.write_text(text)
        restart(site)
        until_called(site, "listes.renater.fr")


def restart(site: Site) -> None:
    for name in (DEPLOY, SPOOL):
        if site.stack.alive(name):
            site.stack.kill(name)
        site.stack.start_ready(name)


def until_called(site: Site, name: str) -> None:
    def called() -> bool:
        facts = site.state.host_facts
        return facts is not None and facts.fqdn == name

    wait_until(called, f"it is observed as {name}", seconds=LIVENESS_S)


def test_a_host_without_a_full_name_gets_no_push(site: Site) -> None:
    row = site.add_domain("short-name.example.org")
    with short_name(site):
        until_called(site, "listes")
        with pytest.raises(InvalidIntent) as refused:
            site.propose(row)
        (finding,) = refused.value.findings
        assert finding.code == "fact_fqdn"
        assert "listes calls itself 'listes', which is not fully qualified" in finding.text
        assert "/etc/hosts" in finding.advice
    site.go_live(site.propose(row))


def test_a_host_that_loses_its_full_name_in_a_push_fails_it(site: Site) -> None:
    row, before = site.add_domain("lost-name.example.org"), site.link()
    site.pause(SPOOL)
    push = site.propose(row)
    site.until_sent(push, Verb.PROVE)
    with short_name(site):
        site.until(push, PushState.FAILED)
    error = site.error(push)
    assert error["code"] == "short_name"
    assert "Write the whole name before listes in its line of /etc/hosts." in error["text"]
    assert site.link() == before
    site.go_live(site.propose(row))
