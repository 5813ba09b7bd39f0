"""Made-up pushes, one for each state that the push page has to show."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from mailadmin.ui.parts import Action, Event, Requirement
from mailadmin.ui.push_page import (
    Box,
    ChangeGroup,
    ChangeRow,
    Changes,
    DiffLine,
    FileDiff,
    Guard,
    HostRow,
    LogLine,
    Progress,
    Proof,
    ProofRow,
    PushPage,
    RailStep,
)

DIGEST = "a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90"
LIVE = "9f31c07e5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f"
RELAY_LIVE = "77ab01d25a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f"
STEPS = ("Proposed", "Staged", "Proved", "Approval", "Live", "Confirmed")
CLAIRE, PAUL, LUC = "Claire Martin", "Paul Leroy", "Luc Petit"
LOCAL, SMTP2 = "esmtp:[127.0.0.1]", "esmtp:[smtp2.renater.fr]"


def rail(done: int, status: str) -> tuple[RailStep, ...]:
    """Return the six steps: `done` of them behind, the next one as `status`."""
    return tuple(
        RailStep(label, "done" if at < done else status if at == done else "todo")
        for at, label in enumerate(STEPS)
    )


def changes(now: datetime) -> Changes:
    """Return one change of each kind."""
    by_dot = "relay, by the . key"
    rows = (
        ChangeRow(
            "create",
            "conf.renater.fr",
            before_note=by_dot,
            after=LOCAL,
            by=CLAIRE,
            at=now - timedelta(minutes=20),
        ),
        ChangeRow(
            "update",
            "jres.org",
            before=LOCAL,
            after=SMTP2,
            by=CLAIRE,
            at=now - timedelta(minutes=18),
        ),
        ChangeRow(
            "delete",
            "old.renater.fr",
            before=LOCAL,
            after_note=by_dot,
            by=LUC,
            at=now - timedelta(hours=2),
        ),
        ChangeRow(
            "delete",
            "annuaire.partner.example",
            before="relay:gw.partner.example",
            after_note="relay:gw.partner.example, by the .partner.example key",
            by=LUC,
            at=now - timedelta(hours=2),
        ),
    )
    return Changes((ChangeGroup("listes", rows),), created=1, updated=1, deleted=2, keys=4812)


def proof(now: datetime) -> Proof:
    """Return a proof in which the plan foretells every difference."""
    rows = (
        ProofRow(
            "probe@conf.renater.fr", "esmtp [smtp1.renater.fr]", "esmtp [127.0.0.1]", "new key"
        ),
        ProofRow("probe@jres.org", "esmtp [127.0.0.1]", "esmtp [smtp2.renater.fr]", "changed key"),
        ProofRow(
            "probe@old.renater.fr", "esmtp [127.0.0.1]", "relay [smtp1.renater.fr]", "removed key"
        ),
    )
    return Proof(
        "listes",
        "8.17.1.9",
        "sympa",
        now - timedelta(minutes=12),
        unexplained=0,
        changed=3,
        planned=3,
        asked=9637,
        disagreements=0,
        rows=rows,
        show_all_href="?",
    )


def files() -> tuple[FileDiff, ...]:
    """Return files of one host: two that differ, two that do not."""
    lines = (
        DiffLine("fold", "1203 lines are the same"),
        DiffLine("same", f"cnrs.renater.fr  {LOCAL}", 1204),
        DiffLine("ins", f"conf.renater.fr  {LOCAL}", 1205),
        DiffLine("del", f"jres.org         {LOCAL}", 1206),
        DiffLine("ins", f"jres.org         {SMTP2}", 1206),
        DiffLine("fold", "3606 lines are the same"),
    )
    return (
        FileDiff("file-0", "listes", "mailertable", 2, 2, lines, open=True),
        FileDiff("file-1", "listes", "mailertable-fallback", 1, 2, lines[:3]),
        FileDiff(
            "file-2", "listes", "sympa.mc", 0, 0, (DiffLine("fold", "All 38 lines are the same"),)
        ),
        FileDiff("file-3", "listes", "sympa-fallback.mc", 0, 0, too_long=True, href="?"),
    )


def requirements(now: datetime, *, author: bool = False) -> tuple[Requirement, ...]:
    """Return the checklist of a push that lacks its approval only."""
    last = (
        "You edited jres.org in it."
        if author
        else "0 of 1. You edited nothing in it, so you can approve."
    )
    return (
        Requirement("met", "Staged on both hosts", "makemap dump equals the source"),
        Requirement(
            "met", "Proved, 0 unexplained", "9\u202f637 answers", now - timedelta(minutes=12)
        ),
        Requirement(
            "met", "Base is still live", "no drift", now - timedelta(seconds=40), "checked"
        ),
        Requirement(
            "warn",
            "Guard acknowledged",
            "a relay target changes: “smtp2 takes jres.org from Monday”, Claire Martin",
        ),
        Requirement("waits", "1 approval by someone else", last),
    )


def activity(now: datetime) -> tuple[Event, ...]:
    """Return what happened to the push so far."""
    return (
        Event("circle-check", "ok", "Proved on listes in 4 s", now - timedelta(minutes=12)),
        Event("circle-check", "ok", "Staged on listes and smtp1", now - timedelta(minutes=13)),
        Event(
            "git-pull-request", "muted", "proposed it", now - timedelta(minutes=14), actor=CLAIRE
        ),
    )


def waiting(now: datetime, *, author: bool = False) -> PushPage:
    """Return a push that waits for approval, as an approver or as its author sees it."""
    reason = "You edited jres.org in it. Luc Petit or Anne Roy can approve." if author else ""
    box = Box(
        "Before it goes live",
        requirements(now, author=author),
        (
            Action(
                "approve",
                "Approve exactly",
                "?",
                "primary",
                DIGEST,
                reason,
                fields=(("digest", DIGEST),),
                ticks=(("deploy", "Deploy at once when approved", True),),
            ),
            Action(
                "refuse",
                "Refuse…",
                "?",
                "danger",
                asks="Why it must not go live",
                confirm_label="Refuse push #12",
            ),
        ),
        follows="Approving does not deploy. A deploy to listes, then smtp1, can follow at once.",
    )
    return PushPage(
        number=12,
        subject="Add conf.renater.fr, send jres.org to smtp2",
        state="proved",
        author=CLAIRE,
        proposed_at=now - timedelta(minutes=14),
        digest=DIGEST,
        hosts=_hosts(now, "staged"),
        rail=rail(3, "waits"),
        changes=changes(now),
        box=box,
        version="1",
        poll_href="?",
        revision=12,
        replaces=11,
        proofs=(proof(now),),
        files=files(),
        activity=activity(now),
        guards=(
            Guard(
                "A relay target changes",
                CLAIRE,
                "smtp2 takes jres.org from Monday",
                now - timedelta(minutes=14),
            ),
        ),
    )


def staging(now: datetime) -> PushPage:
    """Return a push that is being staged: no proof yet, the places kept."""
    box = Box(
        "Before it goes live",
        (
            Requirement("works", "Staging on listes", "m4 and makemap run, 3 s"),
            Requirement("waits", "Proof by sendmail", "follows when staged"),
            Requirement(
                "met", "Base is still live", "no drift", now - timedelta(seconds=8), "checked"
            ),
            Requirement("waits", "1 approval by someone else", "0 of 1"),
        ),
    )
    return replace(
        waiting(now),
        state="staging",
        rail=rail(1, "works"),
        proofs=(),
        guards=(),
        box=box,
        proof_waits="Staging on listes, 3 s. sendmail is asked as soon as the release is built.",
        hosts=_hosts(now, "pending"),
        activity=activity(now)[2:],
    )


def failed(now: datetime) -> PushPage:
    """Return a push whose release could not be built."""
    raw = "m4:sympa.mc:12: ERROR: end of file in string\nexit status 1"
    host = replace(
        _hosts(now, "failed")[0], error="m4 stopped on sympa.mc. Nothing was switched.", raw=raw
    )
    bad = Requirement("failed", "Not staged", "m4 stopped on sympa.mc, line 12")
    return replace(
        waiting(now),
        state="failed",
        rail=rail(1, "failed"),
        proofs=(),
        guards=(),
        finished=True,
        state_reason="listes could not build the release: m4 stopped on sympa.mc, line 12.",
        state_todo="Nothing was switched. Mend the line and propose again.",
        state_raw=raw,
        proof_waits="No proof: nothing was staged.",
        hosts=(host,),
        box=Box("Before it goes live", (bad,)),
        activity=activity(now)[2:],
    )


def deploying(now: datetime) -> PushPage:
    """Return a push in the middle of its deploy, first host done."""
    log = (
        LogLine(
            "ok", "circle-check", "Base is live, a1b2c3d4 is staged", now - timedelta(seconds=6)
        ),
        LogLine("ok", "circle-check", "Switched current to a1b2c3d4", now - timedelta(seconds=5)),
        LogLine("work", "loader-2", "Asking the live configuration", now - timedelta(seconds=2)),
    )
    first, second = _hosts(now, "staged")
    hosts = (replace(first, state="activated", log=log), second)
    box = Box(
        "Deploy to listes, then smtp1",
        requirements(now)[:4] + (Requirement("met", "Approved by Paul Leroy", "", now),),
        progress=(
            Progress("listes", 2, 3, "asking sendmail"),
            Progress("smtp1", 0, 3, "after listes"),
        ),
        follows="A failure stops the rest and puts the host back to 9f31c07e.",
    )
    return replace(waiting(now), state="deploying", rail=rail(4, "works"), hosts=hosts, box=box)


def live(now: datetime) -> PushPage:
    """Return a push that is confirmed on all hosts."""
    box = Box(
        "Live on both hosts",
        (Requirement("met", "Confirmed by sendmail", "live answers equal the proof", now),),
        (Action("restore", "Restore revision 11 as a new push", "?"),),
        follows="Restoring makes a new push with the bytes of revision 11, to be approved anew.",
    )
    hosts = tuple(
        replace(host, state="confirmed", live=host.goes_to) for host in _hosts(now, "staged")
    )
    return replace(
        waiting(now),
        state="active",
        rail=rail(6, "done"),
        hosts=hosts,
        box=box,
        finished=True,
        guards=(),
    )


def _hosts(now: datetime, state: str) -> tuple[HostRow, HostRow]:
    seen = now - timedelta(seconds=40)
    return (
        HostRow("listes", "?", state, "first, canary", LIVE, DIGEST, "none", "", seen),
        HostRow("smtp1", "?", state, "", RELAY_LIVE, RELAY_LIVE, "none", "", seen),
    )
