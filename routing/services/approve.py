"""Approve or refuse exactly what the page showed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mailadmin.audit.services import Happened, record
from mailadmin.people.models import Person
from mailadmin.people.roles import Permission, roles_granting
from mailadmin.people.services import actor
from routing.core.approval import Reason, why_not_approve, why_not_refuse
from routing.core.states import PushState
from routing.models import Approval, ConfigPush
from routing.services.advance import moved_base
from routing.services.errors import DigestMoved, NotAllowed
from routing.services.order import to_acknowledge
from routing.services.transitions import move_push


def approve(*, push: ConfigPush, digest: str, deploy: bool, by: Person, reason: str = "") -> None:
    """Accept the push with this digest; with `deploy` it goes live as soon as its turn comes.

    `reason` takes on what its proof leaves open (`order.to_acknowledge`). The same person approving
    the same digest twice has approved once. Raises DigestMoved when the push has another digest
    now, NotAllowed with every reason.
    """
    with transaction.atomic():
        push = ConfigPush.objects.select_for_update().get(pk=push.pk)
        if _approved_before(push, digest, by):
            return
        if digest != push.digest:
            raise DigestMoved(digest, push.digest, push.state, push.state_at)
        reasons = why_not(push=push, person=by, acknowledged=bool(reason.strip()))
        if reasons:
            raise NotAllowed(against.text for against in reasons)
        _record_verdict(push, "approved", digest, reason.strip(), by)
        move_push(push=push, to=PushState.APPROVED, by=actor(by), deploy_when_approved=deploy)


def refuse(*, push: ConfigPush, digest: str, reason: str, by: Person) -> None:
    """The first refusal ends a push. It may be refused before it has a digest, too."""
    with transaction.atomic():
        push = ConfigPush.objects.select_for_update().get(pk=push.pk)
        if push.state == PushState.REFUSED:
            return
        if digest != push.digest:
            raise DigestMoved(digest, push.digest, push.state, push.state_at)
        refused = why_not_refuse(roles=by.role_set, state=PushState(push.state))
        reasons = [why.text for why in refused]
        if not reason.strip():
            reasons.append("Say why, so that the author knows what to change.")
        if reasons:
            raise NotAllowed(reasons)
        Approval.objects.filter(push=push, voided_at=None).update(voided_at=timezone.now())
        _record_verdict(push, "refused", digest, reason.strip(), by)
        move_push(push=push, to=PushState.REFUSED, by=actor(by), note=reason.strip())


def why_not(*, push: ConfigPush, person: Person, acknowledged: bool = True) -> tuple[Reason, ...]:
    """Every reason against an approval by this person now; for the button and for the service.

    `acknowledged` is whether they give a reason for what the proof leaves open.
    """
    written = list(push.editors.values_list("username", "subject"))
    author = push.proposed_by_person.username if push.proposed_by_person else None
    editors = {username for username, _ in written}
    reasons = why_not_approve(
        person_id=person.username,
        roles=person.role_set,
        editor_ids=editors,
        proposer_id=author,
        state=PushState(push.state),
        digest_shown=push.digest,
        digest_now=push.digest,
        one_postmaster=settings.ONE_POSTMASTER,
        guards=[guard.code for guard in to_acknowledge(push)],
        guards_acknowledged=acknowledged,
        edited=sorted({subject for username, subject in written if username == person.username}),
        could=who_could(push=push),
    )
    if push.state != PushState.PROVED:
        return reasons
    return (
        *reasons,
        *(Reason("proof", text) for text in unproved(push)),
        *(Reason("moved", text) for text in moved_base(push)),
    )


def unproved(push: ConfigPush) -> tuple[str, ...]:
    """Each mail host of a push that has no proof or a proof that blocks, whatever its state says.

    The state says so already. This reads what it was derived from, so that a fault there approves
    nothing that sendmail was not asked about.
    """
    proofs = push.targets.order_by("position").values_list("host__name", "proof")
    return tuple(text for name, proof in proofs if (text := _unproved(name, proof)))


def _unproved(name: str, proof: Mapping[str, Any] | None) -> str:
    if proof is None:
        return f"sendmail on {name} was not asked: there is no proof. Refuse it and propose again."
    if blocks := proof["blocks"]:
        return f"The proof of {name} blocks: {' '.join(blocks)}"
    return ""


def who_could(*, push: ConfigPush) -> tuple[str, ...]:
    """Full names of the people who may approve a push, at most five."""
    authors = set(push.editors.values_list("username", flat=True))
    if push.proposed_by_person is not None:
        authors.add(push.proposed_by_person.username)
    approvers = Person.objects.filter(
        roles__role__in=roles_granting(Permission.APPROVE), is_active=True
    )
    others = approvers.exclude(username__in=authors).order_by("full_name").distinct()
    return tuple(others.values_list("full_name", flat=True)[:5])


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
