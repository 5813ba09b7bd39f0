"""Move every open push on as far as its rows allow. The sweep behind all nudges."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from mailadmin.audit.services import CONTROL
from mailadmin.wire.core.states import OPEN_STATES
from mailadmin.wire.models import Attempt
from routing.core.drift import what_differs
from routing.core.states import OPEN_PUSH, PushState, TargetState
from routing.models import ConfigPush, HostState, PushTarget
from routing.services.order import request_next, why_not_deploy
from routing.services.transitions import move_push


def open_pushes() -> Iterable[ConfigPush]:
    """Oldest first."""
    return ConfigPush.objects.filter(state__in=OPEN_PUSH - {PushState.STOPPED}).order_by("pk")


def settle_unheard() -> Iterable[Attempt]:
    """Attempts that have ended while a target still waits: a worker died between two commits."""
    waiting = PushTarget.objects.filter(attempt=OuterRef("pk"))
    ended = Attempt.objects.exclude(state__in=OPEN_STATES)
    return ended.filter(Exists(waiting)).select_related("agent")


def advance(push: ConfigPush) -> None:
    """Begin what may begin and ask for every order that is due."""
    with transaction.atomic():
        push = ConfigPush.objects.select_for_update().get(pk=push.pk)
        if _waited_too_long(push):
            note = f"nobody decided within {settings.PUSH_LIFETIME_DAYS} days"
            move_push(push=push, to=PushState.EXPIRED, by=CONTROL, note=note)
            return
        if push.state == PushState.PROPOSED:
            move_push(push=push, to=PushState.STAGING, by=CONTROL)
        if push.state == PushState.APPROVED and push.deploy_when_approved and _may_begin(push):
            move_push(push=push, to=PushState.DEPLOYING, by=CONTROL)
        request_next(push=push)


def _may_begin(push: ConfigPush) -> bool:
    """Begun without a ground or an approval that counts it would stop at its first order."""
    return not moved_base(push) and why_not_deploy(push) is None


def _waited_too_long(push: ConfigPush) -> bool:
    """What was proved a week ago says little about today."""
    oldest = timezone.now() - timedelta(days=settings.PUSH_LIFETIME_DAYS)
    return push.state in (PushState.PROVED, PushState.APPROVED) and push.state_at < oldest


def moved_base(push: ConfigPush) -> tuple[str, ...]:
    """Why the ground under a push is not what it was proposed on, empty when it still is.

    Only what was observed can be judged; the agent compares again at the switch itself.
    """
    targets = push.targets.exclude(state=TargetState.GIVEN_UP).select_related("host")
    states = {
        state.host_id: state
        for state in HostState.objects.filter(host__in=[t.host_id for t in targets])
    }
    return tuple(
        reason for target in targets for reason in _moved(target, states.get(target.host_id))
    )


def _moved(target: PushTarget, state: HostState | None) -> list[str]:
    name = target.host.name
    if state is None or state.live is None:
        return [f"What {name} runs is not known. {state.error if state else ''}".strip()]
    if state.live not in (target.base, target.revision.digest):
        return [
            f"{name} runs {state.live[:8] or 'no release'}, not {target.base[:8] or 'none'}: stale."
        ]
    if state.live == target.base and target.ground and state.ground:
        return _touched(target, state)
    return [what_differs(name, state.drift)] if state.drift else []


def _touched(target: PushTarget, state: HostState) -> list[str]:
    """The base as it was when the push was proposed, or as it has been since."""
    if state.ground == target.ground:
        return []
    name = target.host.name
    if not state.drift:
        return [f"The live release of {name} is whole again. This push was made on its damage."]
    since = " That is not what this push was made on." if target.damage else ""
    return [f"{what_differs(name, state.drift)}{since}"]
