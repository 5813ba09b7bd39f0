"""Give up a push for one mail host that is gone, so that the others and the host itself go on."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import Actor
from mailadmin.people.models import Person
from mailadmin.people.services import actor
from mailadmin.wire.models import Agent
from mailadmin.wire.services import cancel
from routing.core.states import OVER_TARGET, PushState, TargetState
from routing.models import ConfigPush, MailHost, PushTarget
from routing.services.errors import NotAllowed
from routing.services.transitions import move_push, move_target

SILENT_PERIODS = 4


def give_up(*, push: ConfigPush, host: MailHost, reason: str, by: Person) -> None:
    """Ask nothing more of this host for this push; what it runs stays as it is.

    Its edits are not live by our record, so they wait like any others. With every other host
    confirmed the push is active; with none left it ends. Asking twice is asking once. Raises
    NotAllowed with every reason.
    """
    with transaction.atomic():
        push = ConfigPush.objects.select_for_update().get(pk=push.pk)
        found = PushTarget.objects.select_for_update(of=("self",)).select_related(
            "host", "revision", "attempt"
        )
        target = found.filter(push=push, host=host).first()
        if target is not None and target.state == TargetState.GIVEN_UP:
            return
        reasons = list(why_not_give_up(push=push, target=target))
        if not reason.strip():
            reasons.append("Say why, for whoever looks for it later.")
        if target is None or reasons:
            raise NotAllowed(reasons)
        _let_go(target, reason.strip(), actor(by))


def why_not_give_up(*, push: ConfigPush, target: PushTarget | None) -> tuple[str, ...]:
    """Every reason against it now; for the page and for the service."""
    if target is None:
        return (f"Push #{push.pk} has no part for that mail host.",)
    name = target.host.name
    if target.state == TargetState.CONFIRMED:
        return (f"{name} runs push #{push.pk} and has confirmed it.",)
    if push.state == PushState.DEPLOYING and not _is_silent(name):
        return (f"The agents of {name} answer. Wait until the push is live or has stopped.",)
    if push.state not in (PushState.DEPLOYING, PushState.STOPPED):
        return (f"Push #{push.pk} is {push.state.replace('_', ' ')}; nothing is given up then.",)
    return ()


def _is_silent(host: str) -> bool:
    """Whether an agent that a deployment needs said nothing for too long."""
    since = timezone.now() - timedelta(seconds=settings.OBSERVE_SECONDS * SILENT_PERIODS)
    agents = Agent.objects.filter(host_name=host, disabled=False)
    heard = agents.filter(last_seen_at__gte=since).count()
    return heard < len({"deploy", "spool"})


def _let_go(target: PushTarget, reason: str, by: Actor) -> None:
    push, attempt = target.push, target.attempt
    if attempt is not None:
        cancel(attempt=attempt, why=f"push #{push.pk} was given up there", now=timezone.now())
    move_target(
        target=target,
        to=TargetState.GIVEN_UP,
        by=by,
        note=reason,
        attempt=None,
        holds_host=False,
    )
    rest = set(push.targets.exclude(pk=target.pk).values_list("state", flat=True))
    note = f"given up on {target.host.name}: {reason}"
    push.refresh_from_db()
    if rest <= {TargetState.GIVEN_UP}:
        move_push(push=push, to=PushState.GIVEN_UP, by=by, note=note)
    elif rest <= OVER_TARGET:
        move_push(push=push, to=PushState.ACTIVE, by=by, note=note)
    elif push.state == PushState.DEPLOYING and attempt is not None:
        # The rest does not go on by itself: the plan was that this host comes first.
        move_push(push=push, to=PushState.STOPPED, by=by, note=note)
