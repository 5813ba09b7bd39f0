"""People and their roles, for administrators."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from mailadmin.audit.services import Actor
from mailadmin.people.access import anybody_signed_in, requires
from mailadmin.people.forms import RolesForm
from mailadmin.people.models import Person
from mailadmin.people.queries import people, person_row
from mailadmin.people.roles import Permission
from mailadmin.people.services import NotPossible, actor, set_active, set_roles, why_not_close
from mailadmin.people.session import signed_in


@require_safe
@requires(Permission.ADMINISTER)
def people_list(request: HttpRequest) -> HttpResponse:
    """Every account with its roles."""
    return render(request, "people/people.html", {"people": people()})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ADMINISTER)
def person_roles(request: HttpRequest, username: str) -> HttpResponse:
    """Show and set what one person may do."""
    person = get_object_or_404(Person, username=username)
    form = RolesForm(request.POST or None, initial={"roles": sorted(person.role_set)})
    if request.method == "POST" and form.is_valid():
        try:
            set_roles(person=person, roles=form.cleaned_data["roles"], by=actor(signed_in(request)))
        except NotPossible as error:
            form.add_error("roles", " ".join(error.reasons))
        else:
            held = ", ".join(form.cleaned_data["roles"])
            messages.success(request, f"{person.full_name} now holds: {held}.")
            return redirect("people")
    return _show(request, person, form, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ADMINISTER)
def person_close(request: HttpRequest, username: str) -> HttpResponse:
    """Close the account, with a reason."""
    return _set_active(request, username, active=False)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.ADMINISTER)
def person_open(request: HttpRequest, username: str) -> HttpResponse:
    """Open a closed account again."""
    return _set_active(request, username, active=True)


def _set_active(request: HttpRequest, username: str, *, active: bool) -> HttpResponse:
    person, reason = get_object_or_404(Person, username=username), request.POST.get("reason", "")
    if request.method != "POST":
        return redirect("person", username)
    form = RolesForm(initial={"roles": sorted(person.role_set)})
    if not active and not reason.strip():
        return _show(request, person, form, ("Say why the account is closed.",), status=422)
    try:
        set_active(person=person, active=active, reason=reason, by=actor(signed_in(request)))
    except NotPossible as error:
        return _show(request, person, form, error.reasons, status=409)
    done = "can sign in again" if active else "cannot sign in any more"
    messages.success(request, f"{person.full_name} {done}.")
    return redirect("person", username)


def _show(
    request: HttpRequest,
    person: Person,
    form: RolesForm,
    errors: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    context = {"person": person_row(person), "form": form, "errors": errors}
    context["account"] = _account(person, actor(signed_in(request)))
    return render(request, "people/person.html", context, status=status)


@transaction.atomic
def _account(person: Person, by: Actor) -> dict[str, str]:
    """The button that closes or opens the account, as the component for it reads it."""
    if not person.is_active:
        label = f"Let {person.full_name} sign in again"
        href = reverse("person-open", args=[person.username])
        return {"id": "account", "label": label, "action": href}
    return {
        "id": "account",
        "kind": "danger",
        "label": f"Close the account of {person.full_name}…",
        "confirm_label": f"Close the account of {person.full_name}",
        "asks": "Why it is closed",
        "action": reverse("person-close", args=[person.username]),
        "reason": " ".join(why_not_close(person=person, by=by)),
    }


@require_safe
@anybody_signed_in
def session(request: HttpRequest) -> HttpResponse:
    """Who is signed in now: a page asks before it lets a form go, so that nothing typed is lost."""
    answer = HttpResponse(status=204, headers={"X-Person": signed_in(request).username})
    answer["Cache-Control"] = "no-store"
    return answer
