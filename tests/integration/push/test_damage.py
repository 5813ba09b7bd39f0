"""A live release that somebody touched is seen, named, and put right from the browser, and no
message that is submitted meanwhile is lost."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from mailadmin.wire.core.messages import Verb
from routing.core.bundle import REBUILD
from routing.core.drift import meanwhile
from routing.core.states import PushState
from routing.models import ConfigPush
from routing.queries.revisions import bundle_of, live_revision
from routing.services.deploy import retry
from routing.services.errors import NotAllowed
from routing.services.put_back import put_back
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import DEPLOY, LIVENESS_S, Site, point
from tests.integration.push.touched import (
    BY_HAND,
    TOUCHED,
    TWO_USERS,
    append,
    run_queue,
    submitting,
    until_drift,
)

# How a submission ends while it stands: as the page says of it.
MEASURED: dict[str, tuple[frozenset[int], str]] = {
    "a map with another key": (frozenset({0}), "as the changed file says"),
    "a map with the same keys": (frozenset({0}), "goes as before"),
    "a table": (frozenset({0}), "goes as before"),
    "a file more": (frozenset({0}), "goes as before"),
    "a map that is gone": (frozenset({71}), "stays in the spool and is kept"),
    "a map that sympa may not read": (frozenset({71}), "stays in the spool and is kept"),
    "a map that all may write": (frozenset({0}), "goes as before"),
    "a map of root": (frozenset({0}), "goes as before"),
    "a configuration that is gone": (frozenset({0}), "configuration of last resort"),
    "a directory that sympa may not enter": (frozenset({0}), "configuration of last resort"),
    "a directory that all may write": (frozenset({0}), "goes as before"),
    "a release that is gone": (frozenset({0}), "configuration of last resort"),
}


NEEDS_TWO_USERS = pytest.mark.skipif(
    os.geteuid() != 0, reason="a normal user plays all users of a host"
)


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=[NEEDS_TWO_USERS] * (what in TWO_USERS)) for what in TOUCHED]
)
def test_each_is_seen_named_and_put_back_while_lists_send(site: Site, what: str) -> None:
    touch, file, text = TOUCHED[what]
    wanted, live = live_revision(site.host), site.link()
    assert wanted is not None
    touch(site, site.releases / live)
    until_drift(site)
    item = site.state.drift[0]
    assert item["file"].startswith(file)
    assert item["text"].startswith(text)
    since = item["since"]
    assert datetime.fromisoformat(since).tzinfo is not None

    name = what.replace(" ", "-")
    codes, words = MEASURED[what]
    assert site.submit(f"{name}@renater.fr") in codes
    assert words in meanwhile(site.state.drift)
    with pytest.raises(NotAllowed, match="listes"):
        site.propose(site.add_domain(f"{name}.example.org"))

    push = put_back(host=site.host, note="put right", by=site.people["claire"])
    target = site.target(push)
    assert (target.base, target.ground) == (live, site.state.ground)
    site.until(push, PushState.PROVED)
    assert site.link() == live
    assert site.state.drift[0]["since"] == since
    with submitting(site, name) as mail:
        site.approve(push)
        site.until(push, PushState.ACTIVE)
    assert set(mail.codes.values()) <= codes | {0}

    # The same bytes under another name, and what was found lies where it lay.
    made, was = bundle_of(target.revision), bundle_of(wanted)
    assert (made.files, made.facts[REBUILD]) == (was.files, int(was.facts.get(REBUILD, 0)) + 1)
    assert site.link("current") == site.link("last-good") == target.revision.digest != live
    until_drift(site, there=False)
    if what != "a release that is gone":
        assert (site.releases / live).is_dir()
    assert site.submit(f"{name}-after@renater.fr") == 0
    assert site.accepted("mta", f"{name}-after@renater.fr") == 1
    sent = [*mail.codes, f"{name}@renater.fr"]
    wait_until(lambda: arrived(site, sent), "the spool is delivered", seconds=LIVENESS_S)


def arrived(site: Site, recipients: list[str]) -> bool:
    """Each once; what waits in the spool is taken up by the queue run, as its timer would."""
    counts = {name: site.accepted("mta", name) for name in recipients}
    assert max(counts.values()) <= 1
    if set(counts.values()) == {1}:
        return True
    run_queue(site)
    return False


def test_a_push_after_the_repair_starts_from_it(site: Site) -> None:
    (site.releases / site.link() / "notes").write_text("mine")
    until_drift(site)
    site.go_live(put_back(host=site.host, note="put right", by=site.people["claire"]))
    repaired = site.link()
    push = site.go_live(site.propose(site.add_domain("after-repair.example.org")))
    assert site.target(push).base == repaired
    assert "after-repair.example.org" in site.live_map()


def test_what_is_touched_after_the_proposal_is_not_switched_away_from(site: Site) -> None:
    """Neither by the approval, which sees it, nor by the agent, which is told what to find."""
    release = site.releases / site.link()
    append(release / "mailertable", BY_HAND)
    until_drift(site)
    push = put_back(host=site.host, note="put right", by=site.people["claire"])
    site.until(push, PushState.PROVED)
    site.pause(DEPLOY)
    site.approve(push)
    site.until_sent(push, Verb.ACTIVATE)
    (release / "more").write_text("mine")
    site.resume(DEPLOY)
    site.until(push, PushState.STOPPED)
    error = site.error(push)
    assert error["code"] == "drift"
    assert "more was added: a plain file" in error["text"]
    assert site.link() == release.name
    wait_until(lambda: len(site.state.drift) == 2, "it is observed", seconds=LIVENESS_S)
    with pytest.raises(NotAllowed, match="That is not what this push was made on"):
        retry(push=push, by=site.people["paul"])
    (release / "more").unlink()
    wait_until(lambda: len(site.state.drift) == 1, "it is observed", seconds=LIVENESS_S)
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)
    assert site.link() != release.name


def test_a_map_built_anew_by_hand_after_the_proposal_stops_the_switch(site: Site) -> None:
    """The same keys: nothing but its bytes tells, and the agent was told them."""
    push, release = site.proved("bytes.example.org"), site.releases / site.link()
    before = (release / "mailertable.db").read_bytes()
    site.pause(DEPLOY)
    site.approve(push)
    site.until_sent(push, Verb.ACTIVATE)
    touch, _, text = TOUCHED["a map with the same keys"]
    touch(site, release)
    site.resume(DEPLOY)
    site.until(push, PushState.STOPPED)
    assert f"mailertable.db {text}" in site.error(push)["text"]
    assert site.link() == release.name
    until_drift(site)
    (release / "mailertable.db").write_bytes(before)
    until_drift(site, there=False)
    retry(push=push, by=site.people["paul"])
    site.until(push, PushState.ACTIVE)


def test_a_release_that_was_edited_under_a_turned_link_is_left_as_found(site: Site) -> None:
    """Both at once: another release is live and somebody edited it."""

    site.go_live(site.propose(site.add_domain("edited-turned.example.org")))
    ours = site.link()
    other = site.go_live(site.propose(site.add_domain("edited-turned-2.example.org")))
    wanted = site.link()
    assert other.pk
    point(site.tree.routing / "current", Path("releases", ours))
    append(site.releases / ours / "mailertable", BY_HAND)
    until_drift(site)
    wait_until(lambda: site.state.live == ours, "it is observed", seconds=LIVENESS_S)
    site.go_live(put_back(host=site.host, note="both at once", by=site.people["claire"]))
    assert site.link() == wanted
    assert BY_HAND in (site.releases / ours / "mailertable").read_text()


def test_nobody_puts_back_what_is_whole(site: Site) -> None:
    before = ConfigPush.objects.count()
    with pytest.raises(NotAllowed, match="listes runs what our record says"):
        put_back(host=site.host, note="nothing is wrong", by=site.people["claire"])
    assert ConfigPush.objects.count() == before
