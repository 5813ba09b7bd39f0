"""Approve or refuse exactly what the page showed."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import Happened, record
from mailadmin.people.models import Person
from mailadmin.people.roles import Permission, roles_granting
from mailadmin.people.services import actor
from routing.core.approval import Reason, Standing, why_not_approve
from routing.core.states import PushState
from routing.models import Approval, ConfigPush
from routing.services.advance import moved_base
from routing.services.errors import DigestMoved, NotAllowed
from routing.services.transitions import move_push

REFUSABLE = frozenset({PushState.PROPOSED, PushState.STAGING, PushState.PROVED, PushState.APPROVED})


def approve(*, push: ConfigPush, digest: str, deploy: bool, by: Person) -> None:
    """Accept the push with this digest; with `deploy` it goes live as soon as its turn comes.

    The same person approving the same digest twice has approved once. Raises DigestMoved when the
    push has another digest now, NotAllowed with every reason.
    """
    with transaction.atomic():
        push = ConfigPush.objects.select_for_update().get(pk=push.pk)
        if _approved_before(push, digest, by):
            return
        if digest != push.digest:
            raise DigestMoved(digest, push.digest, push.state, push.state_at)
        reasons = why_not(push=push, person=by)
        if reasons:
            raise NotAllowed(reason.text for reason in reasons)
        _record_verdict(push, "approved", digest, "", by)
        move_push(push=push, to=PushState.APPROVED, by=actor(by), deploy_when_approved=deploy)


def refuse(*, push: ConfigPush, digest: str, reason: str, by: Person) -> None:
    """The first refusal ends a push. It may be refused before it has a digest, too."""
    with transaction.atomic():
        push = ConfigPush.objects.select_for_update().get(pk=push.pk)
        if push.state == PushState.REFUSED:
            return
        if digest != push.digest:
            raise DigestMoved(digest, push.digest, push.state, push.state_at)
        reasons = []
        if push.state not in REFUSABLE:
            reasons.append(f"Push #{push.pk} is {push.state} and can no longer be refused.")
        if not by.may(Permission.APPROVE):
            reasons.append("You do not hold the role approver.")
        if not reason.strip():
            reasons.append("Say why, so that the author knows what to change.")
        if reasons:
            raise NotAllowed(reasons)
        Approval.objects.filter(push=push, voided_at=None).update(voided_at=timezone.now())
        _record_verdict(push, "refused", digest, reason.strip(), by)
        move_push(push=push, to=PushState.REFUSED, by=actor(by), note=reason.strip())


def why_not(*, push: ConfigPush, person: Person) -> tuple[Reason, ...]:
    """Every reason against an approval by this person now; for the button and for the service."""
    return why_not_approve(
        state=PushState(push.state),
        standing=standing(push=push, person=person),
        one_postmaster=settings.ONE_POSTMASTER,
        moved=moved_base(push) if push.state == PushState.PROVED else (),
    )


def standing(*, push: ConfigPush, person: Person) -> Standing:
    """How a person stands to a push, and who else could approve it."""
    editors = list(push.editors.values_list("username", "subject"))
    authors = {username for username, _ in editors}
    if push.proposed_by_person is not None:
        authors.add(push.proposed_by_person.username)
    approvers = Person.objects.filter(
        roles__role__in=roles_granting(Permission.APPROVE), is_active=True
    ).distinct()
    others = approvers.exclude(username__in=authors | {person.username}).order_by("full_name")
    return Standing(
        may_approve=person.may(Permission.APPROVE),
        proposed_it=push.proposed_by_person_id == person.pk,
        edited=tuple(sorted({what for who, what in editors if who == person.username})),
        others=tuple(others.values_list("full_name", flat=True)[:5]),
    )


def _approved_before(push: ConfigPush, digest: str, by: Person) -> bool:
    given = Approval.objects.filter(push=push, person=by, verdict="approved", voided_at=None)
    return given.filter(digest=digest).exists()


def _record_verdict(push: ConfigPush, verdict: str, digest: str, reason: str, by: Person) -> None:
    Approval.objects.create(
        push=push,
        person=by,
        verdict=verdict,
        digest=digest,
        reason=reason,
        at=timezone.now(),
    )
    happened = Happened(
        action=f"approval.{verdict}",
        subject=f"push #{push.pk}",
        push=push.pk,
        digest=digest,
        note=reason,
    )
    record(by=actor(by), happened=happened)
