"""Start what is approved, and take up a push that stopped."""

from __future__ import annotations

from django.db import transaction

from mailadmin.people.models import Person
from mailadmin.people.services import actor
from routing.core.states import OVER_TARGET, PushState, TargetState
from routing.models import ConfigPush, PushTarget
from routing.services.advance import moved_base
from routing.services.errors import NotAllowed
from routing.services.order import why_not_deploy
from routing.services.transitions import move_push, move_target

LOST = frozenset({"not_staged", "manifest_differs"})


def deploy(*, push: ConfigPush, by: Person) -> None:
    """Begin the deployment of an approved push. Asking twice is asking once."""
    with transaction.atomic():
        push = ConfigPush.objects.select_for_update().get(pk=push.pk)
        if push.state in (PushState.DEPLOYING, PushState.ACTIVE):
            return
        if push.state != PushState.APPROVED:
            raise NotAllowed(
                [f"Push #{push.pk} is {push.state}; only an approved push is deployed."]
            )
        _check(push)
        move_push(push=push, to=PushState.DEPLOYING, by=actor(by))


def retry(*, push: ConfigPush, by: Person) -> None:
    """Go on with a stopped push: what is confirmed stays, every other host is tried again."""
    with transaction.atomic():
        push = ConfigPush.objects.select_for_update().get(pk=push.pk)
        if push.state == PushState.DEPLOYING:
            return
        if push.state != PushState.STOPPED:
            raise NotAllowed([f"Push #{push.pk} is {push.state}; only a stopped push is retried."])
        _check(push)
        move_push(push=push, to=PushState.DEPLOYING, by=actor(by), note="retry the rest")
        for target in push.targets.exclude(state__in=OVER_TARGET):
            _take_up(target, by)


def _take_up(target: PushTarget, by: Person) -> None:
    """Back to the last state that is certain; every verb may run again without harm."""
    if target.state not in (TargetState.FAILED, TargetState.REVERTED, TargetState.UNREACHABLE):
        return
    lost = (target.error or {}).get("code") in LOST
    to = TargetState.PENDING if lost else TargetState.STAGED
    move_target(target=target, to=to, by=actor(by), note="retry")


def _check(push: ConfigPush) -> None:
    reasons = [*moved_base(push)]
    if why := why_not_deploy(push):
        reasons.append(f"{why[0].upper()}{why[1:]}.")
    if reasons:
        raise NotAllowed([*reasons, "Nothing was switched. Propose again."])
