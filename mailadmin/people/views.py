"""People and their roles, for administrators; and the page on which anybody sets a password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe

from mailadmin.asked import asked_of
from mailadmin.audit.services import Actor
from mailadmin.listing import (
    Column,
    ListPage,
    ListWords,
    chips_of,
    heads_of,
    pager_of,
    views_of,
)
from mailadmin.methods import asks_first
from mailadmin.people.access import anybody_signed_in, public, requires
from mailadmin.people.factors import remove_factors, why_not_remove
from mailadmin.people.forms import NewPersonForm, RolesForm, SetPasswordForm
from mailadmin.people.links import (
    GONE,
    digest_of,
    invite_person,
    make_link,
    person_of_link,
    use_link,
    why_not_link,
)
from mailadmin.people.models import Person
from mailadmin.people.queries import PeopleShown, PersonRow, list_people, person_row
from mailadmin.people.roles import Permission
from mailadmin.people.services import NotPossible, actor, set_active, set_roles, why_not_close
from mailadmin.people.session import signed_in

LINK = "password_link"
"""Where a session keeps the digest of the link that was opened in it."""
NOT_OPEN = "No link was opened in this browser, or it keeps no cookies: open the link itself."
STATES: Mapping[str, str] = {
    "": "All",
    PeopleShown.OPEN: "Can sign in",
    PeopleShown.ONE_FACTOR: "No second factor",
    PeopleShown.NEVER: "Never signed in",
    PeopleShown.CLOSED: "Closed",
}
COLUMNS = (
    Column("Name", "name"),
    Column("Sign-in name", "username"),
    Column("Roles"),
    Column("Second factor"),
    Column("Last sign-in", "seen", latest=True),
)
PEOPLE = ListWords(
    many="People",
    short="person",
    icon="users",
    empty="An account is made here or on the server, by manage.py create_person.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage(ListPage):
    """The list of accounts. Each row has its roles with the address of the list of each."""

    rows: tuple[tuple[PersonRow, tuple[tuple[str, str], ...]], ...]


@require_safe
@requires(Permission.ADMINISTER)
def people_list(request: HttpRequest) -> HttpResponse:
    """The accounts that the address asks for, with roles and second factors."""
    asked = asked_of(request, reverse("people"), plain="name", also=("role",))
    found = list_people(asked)
    page = PeoplePage(
        words=PEOPLE,
        heads=heads_of(asked, COLUMNS),
        rows=tuple(
            (row, tuple((role.value, asked.href(role=role)) for role in row.roles))
            for row in found.rows
        ),
        total=found.total,
        matched=found.turn.total,
        action=asked.place,
        add_href=reverse("person-add"),
        query=asked.text,
        chips=chips_of(asked, {"role": "Role"}),
        views=views_of(asked, STATES, found.counts),
        pager=pager_of(asked, found.turn, by_time=("seen",)),
        hidden=asked.hidden,
    )
    return render(request, "people/people.html", {"list": page})


@asks_first
@requires(Permission.ADMINISTER)
def person_add(request: HttpRequest) -> HttpResponse:
    """Make an account; the answer shows the link with which the person sets a password, once."""
    form = NewPersonForm(request.POST or None)
    if request.method != "POST":
        return render(request, "people/person_add.html", {"form": form})
    if form.is_valid():
        try:
            person, secret = invite_person(
                username=form.cleaned_data["username"],
                full_name=form.cleaned_data["full_name"],
                email=form.cleaned_data["email"],
                roles=frozenset(form.cleaned_data["roles"]),
                by=actor(signed_in(request)),
            )
        except ValidationError as error:
            form.tell(error)
        else:
            return _show_link(request, person, secret, made=True)
    return render(request, "people/person_add.html", {"form": form}, status=422)


@asks_first
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
    return _show(request, person, form, status=422 if request.method == "POST" else 200)


@asks_first
@requires(Permission.ADMINISTER)
def person_link(request: HttpRequest, username: str) -> HttpResponse:
    """Make a link that sets a new password, and show it once."""
    person = get_object_or_404(Person, username=username)
    if request.method != "POST":
        return redirect("person", username)
    try:
        secret = make_link(person=person, by=actor(signed_in(request)))
    except NotPossible as error:
        return _show(request, person, _roles_of(person), error.reasons, status=409)
    return _show_link(request, person, secret, made=False)


@asks_first
@requires(Permission.ADMINISTER)
def person_factors(request: HttpRequest, username: str) -> HttpResponse:
    """Remove the second factors of somebody who lost them, with a reason."""
    person = get_object_or_404(Person, username=username)
    if request.method != "POST":
        return redirect("person", username)
    reason = request.POST.get("reason", "")
    try:
        remove_factors(person=person, reason=reason, by=actor(signed_in(request)))
    except NotPossible as error:
        status = 409 if reason.strip() else 422
        return _show(request, person, _roles_of(person), error.reasons, status=status)
    messages.success(request, f"{person.full_name} signs in with the password alone now.")
    return redirect("person", username)


@asks_first
@requires(Permission.ADMINISTER)
def person_close(request: HttpRequest, username: str) -> HttpResponse:
    """Close the account, with a reason."""
    return _set_active(request, username, active=False)


@asks_first
@requires(Permission.ADMINISTER)
def person_open(request: HttpRequest, username: str) -> HttpResponse:
    """Open a closed account again."""
    return _set_active(request, username, active=True)


@require_safe
@public
def take_link(request: HttpRequest, secret: str) -> HttpResponse:
    """The address that was handed over: what stands for its secret goes into the session, so that
    no history, proxy or page after it learns the secret from the address.
    """
    digest = digest_of(secret)
    if person_of_link(digest) is None:
        return _gone(request, GONE)
    # Somebody who knew this browser's session before must not hold the link with it.
    request.session.cycle_key()
    request.session[LINK] = digest
    return _unstored(redirect("set-password"))


@sensitive_post_parameters("password", "again")
@asks_first
@public
def set_password(request: HttpRequest) -> HttpResponse:
    """Whoever opened a link sets the password of its account, once."""
    digest = request.session.get(LINK, "")
    person = person_of_link(digest)
    if person is None:
        return _gone(request, GONE if digest else NOT_OPEN)
    form, own = SetPasswordForm(request.POST or None), request.user == person
    if request.method == "POST" and form.is_valid():
        try:
            use_link(digest=digest, password=form.cleaned_data["password"])
        except NotPossible as error:
            return _gone(request, " ".join(error.reasons))
        except ValidationError as error:
            form.add_error("password", error)
        else:
            return _password_is_set(request, own=own)
    shown = {"form": form, "person": person}
    status = 422 if request.method == "POST" else 200
    return _unstored(render(request, "people/set_password.html", shown, status=status))


def _password_is_set(request: HttpRequest, *, own: bool) -> HttpResponse:
    """`own`: this very session was one of the account, and ended with the others."""
    if own:
        logout(request)
    else:
        del request.session[LINK]
    messages.success(request, "Your password is set. Sign in with it.")
    return redirect("account_login")


def _gone(request: HttpRequest, text: str) -> HttpResponse:
    """A link that sets no password; the session forgets it."""
    request.session.pop(LINK, None)
    return _unstored(render(request, "people/link_gone.html", {"text": text}, status=410))


def _show_link(request: HttpRequest, person: Person, secret: str, *, made: bool) -> HttpResponse:
    """The one answer that holds the secret: no cache and no history keeps it."""
    href = request.build_absolute_uri(reverse("set-password-link", args=[secret]))
    context = {"person": person_row(person), "link": href, "made": made}
    return _unstored(render(request, "people/link.html", context))


def _unstored(answer: HttpResponse) -> HttpResponse:
    """The address or the answer holds a secret, or leads to what one opens."""
    answer["Cache-Control"] = "no-store"
    # Not no-referrer: a browser then sends its form with the origin "null", which Django refuses.
    answer["Referrer-Policy"] = "strict-origin"
    return answer


def _set_active(request: HttpRequest, username: str, *, active: bool) -> HttpResponse:
    person, reason = get_object_or_404(Person, username=username), request.POST.get("reason", "")
    if request.method != "POST":
        return redirect("person", username)
    form = _roles_of(person)
    if not active and not reason.strip():
        return _show(request, person, form, ("Say why the account is closed.",), status=422)
    try:
        set_active(person=person, active=active, reason=reason, by=actor(signed_in(request)))
    except NotPossible as error:
        return _show(request, person, form, error.reasons, status=409)
    done = "can sign in again" if active else "cannot sign in any more"
    messages.success(request, f"{person.full_name} {done}.")
    return redirect("person", username)


def _roles_of(person: Person) -> RolesForm:
    return RolesForm(initial={"roles": sorted(person.role_set)})


def _show(
    request: HttpRequest,
    person: Person,
    form: RolesForm,
    errors: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    by = actor(signed_in(request))
    context = {"person": person_row(person), "form": form, "errors": errors}
    context["account"], context["password"] = _account(person, by), _password(person, by)
    context["factors"] = _factors(person, by)
    return render(request, "people/person.html", context, status=status)


def _password(person: Person, by: Actor) -> dict[str, str]:
    """The button that makes a link, as the component for it reads it."""
    return {
        "id": "link",
        "label": f"Make a link for {person.full_name}",
        "action": reverse("person-link", args=[person.username]),
        "reason": " ".join(why_not_link(person=person, by=by)),
    }


def _factors(person: Person, by: Actor) -> dict[str, str]:
    """The button that removes a lost second factor, as the component for it reads it."""
    return {
        "id": "factors",
        "kind": "danger",
        "label": "Remove the second factor…",
        "confirm_label": "Remove the second factor",
        "asks": "Why it is removed, and how you know that it is them who ask",
        "action": reverse("person-factors", args=[person.username]),
        "reason": " ".join(why_not_remove(person=person, by=by)),
    }


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
