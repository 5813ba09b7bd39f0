"""A staged release that is gone when its turn comes: the same again goes on, another is void."""

from __future__ import annotations

import shutil

import pytest

from routing.core.states import PushState, TargetState
from routing.models import Approval, ConfigPush
from routing.services.deploy import retry
from routing.services.errors import NotAllowed
from tests.integration.push.site import Site

# m4 that says the same with one more comment: other bytes, the same routes.
OTHER_M4 = '"$REAL" "$@" || exit; echo "# built again"'


def lost(site: Site, key: str) -> ConfigPush:
    """An approved push whose release somebody has removed; it has stopped."""
    push, before = site.proved(key), site.link()
    release = site.releases / site.target(push).revision.digest
    shutil.rmtree(release)
    site.approve(push)
    site.until(push, PushState.STOPPED)
    assert site.error(push)["code"] == "not_staged"
    assert site.link() == before
    return push


def test_the_same_release_built_again_goes_live(site: Site) -> None:
    push = lost(site, "lost-same.example.org")
    digest, manifest = push.digest, site.target(push).manifest_digest
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)
    assert (push.digest, site.target(push).manifest_digest) == (digest, manifest)
    assert "lost-same.example.org" in site.live_map()


def test_another_release_in_its_place_makes_the_approval_void(site: Site) -> None:
    push, before = lost(site, "lost-other.example.org"), site.link()
    with site.program("m4", OTHER_M4):
        retry(push=push, by=site.people["paul"])
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
