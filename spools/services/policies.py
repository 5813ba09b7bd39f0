"""The fallback policy of list servers: edit it, ask what it asks, hear the answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import CONTROL, Actor, Happened, record
from mailadmin.people.models import Person
from mailadmin.people.services import acting
from routing.core.names import check_key, normalise_name
from routing.models import MailHost
from spools.core.health import RelayState
from spools.core.policy import MAY_FIRE, Act, Mode, Policy, Sight, decide
from spools.core.scope import Scope
from spools.models import FallbackPolicy, FallbackQuestion, FlushRun
from spools.queries.fallback import decision_of, open_question, policy_of, sight_of
from spools.queries.thresholds import rules
from spools.services.errors import NotAllowed
from spools.services.flushes import start_run

log = logging.getLogger(__name__)

DECLINED = timedelta(hours=1)
"""Who says "not now" is asked again after so long."""
MOST_EXCLUDED = 1000
DAY_S = 86_400


def save_policy(
    *, server: MailHost, version: int, policy: Policy, reason: str, by: Person | Actor
) -> FallbackPolicy:
    """Put a policy in force. One that starts runs by itself waits for a second person, except on a
    site with one postmaster; a program may not save one.

    Raises NotAllowed with everything that is wrong, or because somebody else was faster
    (`version` is that of the row that the page showed, 0 for none).
    """
    now, reason = timezone.now(), reason.strip()
    with transaction.atomic():
        row = _locked(server)
        problems = problems_of(policy)
        if (row.version if row else 0) != version:
            problems.append("Somebody changed it while you edited. Look at it, then edit again.")
        if policy.mode is Mode.AUTOMATIC and isinstance(by, Actor):
            problems.append("A policy that starts runs by itself is saved by a person.")
        if not reason:
            problems.append("Say why: whoever is on call reads it.")
        if problems:
            raise NotAllowed(problems)
        before = row.policy if row else Policy()
        row = row or FallbackPolicy(server=server, version=0, **as_json(before))
        by_itself = policy.mode is Mode.AUTOMATIC
        if by_itself and isinstance(by, Person) and not settings.ONE_POSTMASTER:
            row.wanted, row.wanted_by, row.wanted_at = as_json(policy), by, now
            happened = _happened(server, "proposed", before, policy, reason)
        else:
            _put(row, policy)
            happened = _happened(server, "policy", before, policy, reason)
        _stamp(row, by, now)
        record(by=acting(by), happened=happened)
    return row


def confirm_policy(*, server: MailHost, version: int, by: Person) -> FallbackPolicy:
    """A second person puts the wanted policy in force. Raises NotAllowed."""
    now = timezone.now()
    with transaction.atomic():
        row = _locked(server)
        if row is None or row.wanted is None:
            raise NotAllowed(["No policy waits for a second person there."])
        if row.version != version:
            raise NotAllowed(["It changed since the page was opened. Look at it again."])
        if row.wanted_by_id == by.pk:
            raise NotAllowed(["You proposed it. Somebody else has to confirm it."])
        before, policy = row.policy, from_json(row.wanted)
        _put(row, policy)
        _stamp(row, by, now)
        record(by=acting(by), happened=_happened(server, "policy", before, policy, ""))
    return row


def drop_policy(*, server: MailHost, by: Person) -> None:
    """Nobody wants the proposed policy any more; the one in force stays."""
    now = timezone.now()
    with transaction.atomic():
        row = _locked(server)
        if row is None or row.wanted is None:
            return
        before = from_json(row.wanted)
        row.wanted = row.wanted_by = row.wanted_at = None
        _stamp(row, by, now)
        record(by=acting(by), happened=_happened(server, "dropped", before, row.policy, ""))


def problems_of(policy: Policy) -> list[str]:
    """Everything that is wrong with a policy, in sentences."""
    found = []
    if not policy.fires and policy.mode is not Mode.OFF:
        found.append("Choose at least one state that fires it, or switch it off.")
    if wrong := [state for state in policy.fires if state not in MAY_FIRE]:
        found.append(f"{', '.join(sorted(wrong))} may not fire it.")
    least = settings.FALLBACK_LEAST_MINUTES
    if not least * 60 <= policy.age_s <= DAY_S:
        found.append(f"The least age is from {least} to 1440 minutes.")
    if policy.depth < 1:
        found.append("At least one message has to wait.")
    if policy.pause_s > DAY_S:
        found.append("The pause is at most 1440 minutes.")
    if not 1 <= policy.most_runs <= 100:
        found.append("From 1 to 100 runs in 24 hours.")
    if len(policy.excluded) > MOST_EXCLUDED:
        found.append(f"At most {MOST_EXCLUDED} domains can be left out.")
    for name in policy.excluded:
        if name.startswith(".") or "." not in name or check_key(name):
            found.append(f"{name} is no domain.")
    return found


def domains_of(text: str) -> tuple[str, ...]:
    """The domains of a text, in the one spelling that is compared."""
    words = text.replace(",", " ").split()
    return tuple(sorted({normalise_name(word) for word in words}))


def consider(*, server: MailHost, now: datetime) -> None:
    """Do what the policy says: ask, take a question back whose conditions hold no more, or start a
    run. A run ends by itself when the relay is well. May be called at any time, twice at once too.
    """
    act = decision_of(server, now, rules()).act
    question = open_question(server)
    if act is not Act.START and (act is Act.ASK) == (question is not None):
        return
    if act is Act.ASK and _declined(server, now):
        return
    with transaction.atomic():
        # Of two at once the second sees what the first wrote.
        MailHost.objects.select_for_update(no_key=True).get(pk=server.pk)
        policy, sight = policy_of(server), sight_of(server, now, rules())
        act, question = decide(policy, sight).act, open_question(server)
        if act is Act.ASK and question is None:
            _ask(server, sight, now)
        elif question is not None and act is not Act.ASK:
            _answer(question, "withdrawn", CONTROL, now)
        if act is Act.START:
            _start(server, policy, sight)


def confirm(*, question: FallbackQuestion, by: Person) -> FlushRun:
    """Yes: a run begins, of everything that waits but what the policy leaves out.

    Raises NotAllowed: it was answered by somebody else, the conditions hold no more, or a run may
    not begin.
    """
    now = timezone.now()
    with transaction.atomic():
        server = MailHost.objects.select_for_update(no_key=True).get(pk=question.server_id)
        found = FallbackQuestion.objects.filter(pk=question.pk, answer="").first()
        if found is None:
            raise NotAllowed(["The question is not open any more. Nothing was begun twice."])
        decision = decision_of(server, now, rules())
        if decision.act not in (Act.ASK, Act.START):
            missing = [f"{item.statement}: now {item.now}." for item in decision.missing]
            raise NotAllowed(["The conditions hold no more.", *missing])
        run = start_run(
            server=server,
            scope=Scope.of(excluded=policy_of(server).excluded),
            by=by,
            reason=f"The policy asked: {found.relay} is {found.state}.",
        )
        found.run = run
        _answer(found, "confirmed", acting(by), now)
    return run


def _start(server: MailHost, policy: Policy, sight: Sight) -> None:
    """By itself; what speaks against it stands on the page of the fallback."""
    try:
        start_run(
            server=server,
            scope=Scope.of(excluded=policy.excluded),
            by=CONTROL,
            reason=f"By the policy: {sight.relay} is {sight.state}.",
        )
    except NotAllowed as refused:
        log.warning("no run by the policy on %s: %s", server, refused)


def decline(*, question: FallbackQuestion, by: Person) -> None:
    """Not now; it is asked again after an hour if the relay is still down. Idempotent."""
    with transaction.atomic():
        MailHost.objects.select_for_update(no_key=True).get(pk=question.server_id)
        found = FallbackQuestion.objects.filter(pk=question.pk, answer="").first()
        if found is not None:
            _answer(found, "declined", acting(by), timezone.now())


def as_json(policy: Policy) -> dict[str, Any]:
    """The stored form; `from_json` reads it."""
    return asdict(policy) | {
        "mode": policy.mode.value,
        "fires": sorted(state.value for state in policy.fires),
        "excluded": list(policy.excluded),
    }


def from_json(raw: Mapping[str, Any]) -> Policy:
    """The reverse of `as_json`."""
    fires = frozenset(RelayState(state) for state in raw["fires"])
    kept = {"mode": Mode(raw["mode"]), "fires": fires, "excluded": tuple(raw["excluded"])}
    return Policy(**{**raw, **kept})


def _locked(server: MailHost) -> FallbackPolicy | None:
    # The host is locked first: there may be no row of its policy yet.
    MailHost.objects.select_for_update().get(pk=server.pk)
    return FallbackPolicy.objects.filter(server=server).first()


def _put(row: FallbackPolicy, policy: Policy) -> None:
    for name, value in as_json(policy).items():
        setattr(row, name, value)
    row.wanted = row.wanted_by = row.wanted_at = None


def _stamp(row: FallbackPolicy, by: Person | Actor, now: datetime) -> None:
    row.version += 1
    row.changed_at, row.changed_by = now, acting(by).name
    row.save()


def _happened(server: MailHost, what: str, before: Policy, policy: Policy, reason: str) -> Happened:
    old, new = as_json(before), as_json(policy)
    names = [name for name in old if old[name] != new[name]]
    return Happened(
        action=f"fallback.{what}",
        subject=server.name,
        host=server.name,
        old={name: old[name] for name in names},
        new={name: new[name] for name in names},
        note=reason,
    )


def _declined(server: MailHost, now: datetime) -> bool:
    lately = FallbackQuestion.objects.filter(server=server, answer="declined")
    return lately.filter(answered_at__gt=now - DECLINED).exists()


def _ask(server: MailHost, sight: Sight, now: datetime) -> None:
    FallbackQuestion.objects.create(
        server=server,
        relay=sight.relay,
        state=sight.state.value,
        messages=sight.waiting or 0,
        asked_at=now,
    )
    note = f"{sight.relay} is {sight.state}; {sight.waiting or 0} messages wait"
    record(
        by=CONTROL,
        happened=Happened(
            action="fallback.asked", subject=server.name, host=server.name, note=note
        ),
    )


def _answer(question: FallbackQuestion, answer: str, by: Actor, now: datetime) -> None:
    question.answer, question.answered_at, question.answered_by = answer, now, by.name
    question.save(update_fields=["answer", "answered_at", "answered_by", "run"])
    name = question.server.name
    record(by=by, happened=_answered(answer, name))


def _answered(what: str, server: str) -> Happened:
    if what == "withdrawn":
        return Happened(action="fallback.withdrawn", subject=server, host=server)
    if what == "confirmed":
        return Happened(action="fallback.confirmed", subject=server, host=server)
    return Happened(action="fallback.declined", subject=server, host=server)
