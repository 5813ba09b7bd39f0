"""Which verb is due for a target, and whether the policy lets the control worker sign it."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q

from mailadmin.wire.core.canonical import Json, canonical
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.models import Attempt
from mailadmin.wire.services import request
from routing.core.adopt.as_before import open_questions
from routing.core.adopt.before_told import told_from_json
from routing.core.adopt.reading import ReadingState
from routing.core.approval import PushPart, push_digest
from routing.core.intent import Intent, ObjectKind
from routing.core.plan import Guard, plan_from_json
from routing.core.proof import addresses_to_ask
from routing.core.states import OVER_TARGET, PushState, TargetState
from routing.models import Approval, ConfigPush, MailHost, PushTarget, Reading
from routing.queries.revisions import bundle_of, intent_of
from routing.services.transitions import touch

MANAGED = frozenset({ObjectKind.VIRTUAL_DOMAIN, ObjectKind.LOCAL_HOST})
PREPARING = frozenset({PushState.PROPOSED, PushState.STAGING})


def request_next(*, push: ConfigPush) -> None:
    """Ask for every order that is due and that no open attempt stands for. Safe to call again."""
    if push.state in PREPARING:
        for target in push.targets.filter(attempt=None):
            _prepare(target)
    elif push.state == PushState.DEPLOYING:
        first = push.targets.exclude(state__in=OVER_TARGET).order_by("position").first()
        if first is not None and first.attempt_id is None:
            _deploy(first)


def request_stage(target: PushTarget) -> None:
    """Send the frozen bytes to be built beside the live release."""
    bundle = bundle_of(target.revision).canonical
    arguments: dict[str, Json] = {"release": target.revision.digest, "keep": _needed(target.host)}
    _request(target, Role.DEPLOY, Verb.STAGE, arguments, bundle)


def request_proof(target: PushTarget) -> None:
    """Have sendmail asked where mail goes, by the live and by the staged release."""
    # A base that somebody touched, or that no revision made, answers nothing that can be judged.
    comparable = target.base_revision_id is not None and not target.damage
    live = target.base if comparable else ""
    arguments: dict[str, Json] = {"live": live, "staged": target.revision.digest}
    _request(target, Role.SPOOL, Verb.PROVE, arguments, _addresses(target))


def request_activation(target: PushTarget) -> None:
    """Switch the host to the staged release."""
    arguments: dict[str, Json] = {
        "release": target.revision.digest,
        "base": target.base,
        "manifest_digest": target.manifest_digest,
        "ground": target.ground,
    }
    _request(target, Role.DEPLOY, Verb.ACTIVATE, arguments, None)


def request_live_proof(target: PushTarget) -> None:
    """Ask the configuration that is live now the same addresses again."""
    arguments: dict[str, Json] = {"live": target.revision.digest, "staged": ""}
    _request(target, Role.SPOOL, Verb.PROVE, arguments, _addresses(target))


def request_confirmation(target: PushTarget) -> None:
    """Make the live release the last good one."""
    _request(target, Role.DEPLOY, Verb.CONFIRM, {"release": target.revision.digest}, None)


def request_revert(target: PushTarget) -> None:
    """Go back to the base: the live configuration did not answer as the proof said."""
    arguments: dict[str, Json] = {
        "release": target.revision.digest,
        "to": target.base,
        "ground": target.ground,
    }
    _request(target, Role.DEPLOY, Verb.REVERT, arguments, None)


def may_sign(attempt: Attempt) -> str | None:
    """Why an order must not be signed now, None when it may; read from rows."""
    if attempt.verb == Verb.OBSERVE:
        return None
    if attempt.verb == Verb.READ_FILES:
        waits = Reading.objects.filter(attempt=attempt, state=ReadingState.ASKED)
        still = waits.filter(host__retired_at=None).exists()
        return None if still else "nobody waits for this reading any more"
    target = PushTarget.objects.select_related("push", "revision").filter(attempt=attempt).first()
    if target is None:
        return "no push waits for this order any more"
    if attempt.verb in (Verb.STAGE, Verb.PROVE) and target.push.state == PushState.STAGING:
        return None
    if target.push.state != PushState.DEPLOYING:
        return f"push #{target.push_id} is {target.push.state}"
    if attempt.verb == Verb.REVERT:
        # Back to what was approved before: no approval of this push is needed, nor may be awaited.
        return None
    return why_not_deploy(target.push)


def why_not_deploy(push: ConfigPush) -> str | None:
    """Why a push may not go live: its digest must be the approved one, computed from rows again."""
    now = digest_of_push(push)
    if now != push.digest:
        return f"push #{push.pk} is no longer what was proved ({now[:8]}, not {push.digest[:8]})"
    if goes_as_before(push):
        return None
    given = Approval.objects.filter(
        push=push, verdict="approved", voided_at=None, digest=now, person__is_active=True
    )
    if to_acknowledge(push):
        given = given.exclude(reason="")
    own = Q(person__username__in=push.editors.values("username")) | Q(
        person=push.proposed_by_person_id
    )
    if (given if settings.ONE_POSTMASTER else given.exclude(own)).exists():
        return None
    return f"push #{push.pk} has no approval of {now[:8]} by somebody who did not edit it"


def goes_as_before(push: ConfigPush) -> bool:
    """The import of a host without a release needs no approval when it changes no route."""
    targets = list(push.targets.all())
    first = push.proposed_by_person_id is None and all(target.base == "" for target in targets)
    return first and not to_acknowledge(push)


def to_acknowledge(push: ConfigPush) -> tuple[Guard, ...]:
    """What the proof of a first release leaves open: who approves it gives a reason."""
    proofs = push.targets.order_by("position").values_list("proof", flat=True)
    return tuple(
        item for proof in proofs for item in open_questions((proof or {}).get("as_before"))
    )


def digest_of_push(push: ConfigPush) -> str:
    """What an approval binds: bundle digests, manifests and bases of all hosts."""
    return push_digest(
        [
            PushPart(
                host=target.host.name,
                bundle_digest=target.revision.digest,
                manifest_digest=target.manifest_digest,
                base_digest=target.base,
                ground=target.ground,
            )
            for target in push.targets.select_related("host", "revision").order_by("position")
        ]
    )


def _prepare(target: PushTarget) -> None:
    if target.state == TargetState.PENDING:
        request_stage(target)
    elif target.state == TargetState.STAGED and target.proof is None:
        request_proof(target)


def _deploy(target: PushTarget) -> None:
    if target.state == TargetState.PENDING:
        request_stage(target)
    elif target.state == TargetState.STAGED:
        request_activation(target)
    elif target.state == TargetState.ACTIVATED:
        request_live_proof(target)


def _needed(host: MailHost) -> list[str]:
    """Releases of open pushes: the agent must not remove them, however old they are."""
    held = PushTarget.objects.filter(host=host, holds_host=True).select_related("revision")
    return sorted(
        {digest for item in held for digest in (item.base, item.revision.digest) if digest}
    )


def _addresses(target: PushTarget) -> bytes:
    live = bundle_of(target.base_revision) if target.base_revision else None
    managed, told = managed_keys(intent_of(target.revision)), told_from_json(target.told)
    asked = addresses_to_ask(
        live,
        bundle_of(target.revision),
        plan_from_json(target.plan),
        (*managed, *(told.to_ask if told is not None else ())),
    )
    return canonical(list(asked))


def managed_keys(intent: Intent) -> tuple[str, ...]:
    """The domains whose mail is ours to place: virtual domains and local hosts that are enabled."""
    return tuple(item.key for item in intent.objects if item.enabled and item.kind in MANAGED)


def _request(
    target: PushTarget, role: Role, verb: Verb, arguments: dict[str, Json], blob: bytes | None
) -> None:
    attempt = request(
        host=target.host.name,
        role=role,
        verb=verb,
        arguments=arguments,
        blob=blob,
        lifetime_s=settings.ORDER_LIFETIME_SECONDS,
    )
    PushTarget.objects.filter(pk=target.pk).update(attempt=attempt)
    touch(target.push_id)
