"""A release that cannot be built fails its push, says why, and leaves the host as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mailadmin.audit.services import SETUP
from routing.core.facts import HostKind
from routing.core.states import PushState, TargetState
from routing.models import ConfigPush, MailHost
from routing.services.deploy import retry
from routing.services.hosts import save_mail_host
from tests.fixtures.mounts import full, read_only, without_inodes
from tests.integration.push.site import DEPLOY, Site


@contextmanager
def site_m4(site: Site, text: str) -> Iterator[None]:
    """While inside, the site adds this to its local.m4."""
    write_site_m4(site, text)
    try:
        yield
    finally:
        write_site_m4(site, "")


def write_site_m4(site: Site, text: str) -> None:
    host = site.host
    save_mail_host(
        identity=host.pk,
        version=MailHost.objects.get(pk=host.pk).version,
        name=host.name,
        kind=HostKind(host.kind),
        position=host.position,
        site_m4=text,
        by=SETUP,
    )


def failed(site: Site, key: str) -> ConfigPush:
    """Propose a new domain and wait until the push has failed."""
    return site.until(site.propose(site.add_domain(key)), PushState.FAILED)


def assert_untouched(site: Site, push: ConfigPush, before: str) -> None:
    assert site.target(push).state == TargetState.FAILED
    assert not site.target(push).holds_host
    assert site.link() == before
    assert site.half_built() == []
    assert not (site.releases / site.target(push).revision.digest).exists()


def test_m4_that_fails_shows_what_it_said(site: Site) -> None:
    before = site.link()
    with site_m4(site, "define(`never closed, `x')\n"):
        push = failed(site, "m4-quote.example.org")
    error = site.error(push)
    assert error["code"] == "m4_failed"
    assert error["text"] == "m4 could not build sympa.cf from sympa.mc: m4 ended with exit code 1."
    assert "end of file in string" in error["output"]
    assert error["unchanged"] == "Nothing live was touched."
    assert_untouched(site, push, before)


def test_m4_that_is_not_there_is_said_by_its_path(site: Site) -> None:
    before = site.link()
    with site.program("m4", ""):
        (site.sandbox.var / "programs/m4.sh").chmod(0o644)
        push = failed(site, "m4-gone.example.org")
    assert "m4: Permission denied" in site.error(push)["output"]
    assert_untouched(site, push, before)


def test_m4_that_is_killed_in_its_output_is_said(site: Site) -> None:
    """Half a configuration came out of it, and nothing of that stays."""
    before = site.link()
    with site.program("m4", '"$REAL" "$@" | head -c 20000; kill -9 $$'):
        push = failed(site, "m4-killed.example.org")
    error = site.error(push)
    assert error["code"] == "m4_failed"
    assert "m4 was killed by signal 9" in error["text"]
    assert_untouched(site, push, before)


# The real makemap has opened the map and waits for more lines when it is killed.
MAKEMAP_IN_MID_RUN = """\
for last; do :; done
mkfifo "$last.more" && exec 3<>"$last.more" && rm "$last.more"
head -n 1 >&3
"$REAL" "$@" <&3 &
until [ -s "$last.db" ]; do sleep 0.01; done
kill -9 $!
kill -9 $$"""
MAKEMAP = {
    "fails": ("echo 'makemap: disk quota exceeded' >&2; exit 75", "exit code 75", "disk quota"),
    "warns": ('echo "makemap: line 3: odd" >&2; exec "$REAL" "$@"', "exit code 0", "line 3: odd"),
    "is killed": ("kill -9 $$", "killed by signal 9", ""),
    "is killed in mid-run": (MAKEMAP_IN_MID_RUN, "killed by signal 9", ""),
}


@pytest.mark.parametrize("what", MAKEMAP)
def test_makemap_that_does_not_succeed_silently_fails_the_push(site: Site, what: str) -> None:
    script, verdict, said = MAKEMAP[what]
    before = site.link()
    with site.program("makemap", script):
        push = failed(site, f"makemap-{what.replace(' ', '-')}.example.org")
    error = site.error(push)
    assert error["code"] == "makemap_failed"
    assert "makemap could not build mailertable.db: " in error["text"]
    assert verdict in error["text"]
    assert said in error["output"]
    assert_untouched(site, push, before)


def test_releases_that_cannot_be_written_are_said_by_their_place(site: Site) -> None:
    before = site.link()
    site.releases.chmod(0o555)
    try:
        push = failed(site, "read-only.example.org")
    finally:
        site.releases.chmod(0o755)
    error = site.error(push)
    assert error["code"] == "disk"
    assert f"{site.releases}/.staging-" in error["text"]
    assert "Permission denied" in error["text"]
    assert_untouched(site, push, before)


@pytest.mark.parametrize(
    ("fault", "words"), [(full, "No space left on device"), (read_only, "Read-only file system")]
)
def test_a_disk_that_takes_nothing_fails_the_push_and_then_it_goes_live(
    site: Site, fault: Callable[[Path], str], words: str
) -> None:
    before, row = site.link(), site.add_domain(f"disk-{fault.__name__}.example.org")
    with site.agent_with(DEPLOY, mounts=fault(site.tree.routing)):
        push = site.until(site.propose(row), PushState.FAILED)
    error = site.error(push)
    assert error["code"] == "disk"
    assert words in error["text"]
    assert str(site.tree.routing) in error["text"]
    assert error["unchanged"] == "Nothing live was touched."
    assert_untouched(site, push, before)
    site.go_live(site.propose(row))


@pytest.mark.parametrize(
    ("fault", "words"),
    [(without_inodes, "No space left on device"), (read_only, "Read-only file system")],
)
def test_a_disk_that_takes_no_switch_stops_the_push_and_a_retry_ends_it(
    site: Site, fault: Callable[[Path], str], words: str
) -> None:
    push, before = site.proved(f"switch-{fault.__name__}.example.org"), site.link()
    with site.agent_with(DEPLOY, mounts=fault(site.tree.routing)):
        site.approve(push)
        site.until(push, PushState.STOPPED)
    error = site.error(push)
    assert (error["code"], error["unchanged"]) == ("disk", "Nothing was switched.")
    assert words in error["text"]
    assert site.link() == before
    assert site.submit("somebody@renater.fr") == 0
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)
    assert site.link() == site.target(push).revision.digest


def test_proposing_again_after_the_cause_is_gone_goes_live(site: Site) -> None:
    row = site.add_domain("mended.example.org")
    with site.program("makemap", "exit 1"):
        push = site.until(site.propose(row), PushState.FAILED)
    again = site.go_live(site.propose(row))
    push.refresh_from_db()
    assert push.state == PushState.FAILED
    assert site.link() == site.target(again).revision.digest
