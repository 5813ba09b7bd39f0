"""A staged release that is gone when its turn comes: the same again goes on, another is void."""

from __future__ import annotations

import shutil

import pytest

from mailadmin.audit.models import AuditEvent
from mailadmin.wire.core.messages import Verb
from mailadmin.wire.models import Attempt
from routing.core.states import PushState, TargetState
from routing.models import Approval, ConfigPush
from routing.services.deploy import retry
from routing.services.errors import NotAllowed
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import DEPLOY, LIVENESS_S, Site

# m4 that says the same with one more comment: other bytes, the same routes.
OTHER_M4 = '"$REAL" "$@" || exit; echo "# built again"'


def lose(site: Site, push: ConfigPush, what: str) -> None:
    """Somebody removes or spoils what was proved and is not live yet."""
    release = site.releases / site.target(push).revision.digest
    if what == "release":
        shutil.rmtree(release)
    elif what == "manifest":
        (site.tree.routing / "manifests" / release.name).unlink()
    else:
        (release / "sympa.cf").write_text("spoiled\n")


def orders(push: ConfigPush, verb: Verb) -> int:
    release = push.targets.get().revision.digest
    return Attempt.objects.filter(verb=verb, arguments__release=release).count()


def reinstall(site: Site, push: ConfigPush) -> None:
    """The agent is set up anew: it has its key, what is live, and remembers nothing else."""
    site.stack.kill(DEPLOY)
    digest = site.target(push).revision.digest
    (site.tree.deploy / "journal.sqlite3").unlink()
    (site.tree.routing / "manifests" / digest).unlink()
    shutil.rmtree(site.releases / digest)
    site.stack.start_ready(DEPLOY)


def test_an_agent_that_is_installed_again_builds_it_and_goes_live(site: Site) -> None:
    push = site.proved("reinstalled.example.org")
    reinstall(site, push)
    site.approve(push)
    site.until(push, PushState.ACTIVE)
    assert (orders(push, Verb.STAGE), orders(push, Verb.ACTIVATE)) == (2, 2)
    assert "reinstalled.example.org" in site.live_map()


@pytest.mark.parametrize("what", ["release", "manifest", "file"])
def test_the_same_release_built_again_goes_live_by_itself(site: Site, what: str) -> None:
    key = f"lost-{what}.example.org"
    push = site.proved(key)
    digest, manifest = push.digest, site.target(push).manifest_digest
    lose(site, push, what)
    site.approve(push)
    site.until(push, PushState.ACTIVE)
    assert (push.digest, site.target(push).manifest_digest) == (digest, manifest)
    assert Approval.objects.filter(push=push, voided_at=None).count() == 1
    assert (orders(push, Verb.STAGE), orders(push, Verb.ACTIVATE)) == (2, 2)
    assert site.target(push).error is None
    assert key in site.live_map()
    why = AuditEvent.objects.get(push=push.pk, action="target.pending")
    assert why.note.endswith("listes builds it again.")


def test_another_release_in_its_place_makes_the_approval_void(site: Site) -> None:
    push, before = site.proved("lost-other.example.org"), site.link()
    lose(site, push, "release")
    with site.program("m4", OTHER_M4):
        site.approve(push)
        site.until(push, PushState.STOPPED)
    error = site.error(push)
    assert error["code"] == "manifest_differs"
    assert "The approval is void and nothing was switched." in error["text"]
    assert site.target(push).state == TargetState.FAILED
    assert not Approval.objects.filter(push=push, voided_at=None).exists()
    assert site.link() == before
    with pytest.raises(NotAllowed, match="has no approval"):
        retry(push=push, by=site.people["paul"])

    again = site.propose(site.add_domain("lost-instead.example.org"))
    push.refresh_from_db()
    assert push.state == PushState.SUPERSEDED
    site.go_live(again)


def test_a_release_that_is_lost_again_stops_the_push(site: Site) -> None:
    """Something on the host removes it: built once more, then a person is asked."""
    push, before = site.proved("lost-twice.example.org"), site.link()
    lose(site, push, "release")
    # Its manifest too: the old one would be there before the new one is written.
    lose(site, push, "manifest")
    with site.held_build() as build:
        site.approve(push)
        build.until_begun()
        site.pause("control")
        build.go_on()
        digest = site.target(push).revision.digest
        manifest = site.tree.routing / "manifests" / digest
        wait_until(manifest.exists, "it is built again", seconds=LIVENESS_S)
        lose(site, push, "manifest")
        site.resume("control")
        site.until(push, PushState.STOPPED)
    assert site.error(push)["code"] == "not_staged"
    assert orders(push, Verb.ACTIVATE) == 2
    assert site.link() == before
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)
    assert "lost-twice.example.org" in site.live_map()
