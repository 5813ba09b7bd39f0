"""People and their roles, for administrators."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from mailadmin.people.access import anybody_signed_in, requires
from mailadmin.people.forms import RolesForm
from mailadmin.people.models import Person
from mailadmin.people.queries import people, person_row
from mailadmin.people.roles import Permission
from mailadmin.people.services import actor, set_roles
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
        set_roles(person=person, roles=form.cleaned_data["roles"], by=actor(signed_in(request)))
        messages.success(
            request, f"{person.full_name} now holds: {', '.join(form.cleaned_data['roles'])}."
        )
        return redirect("people")
    context = {"person": person_row(person), "form": form}
    return render(request, "people/person.html", context, status=422 if form.is_bound else 200)


@require_safe
@anybody_signed_in
def session(request: HttpRequest) -> HttpResponse:
    """Who is signed in now: a page asks before it lets a form go, so that nothing typed is lost."""
    answer = HttpResponse(status=204, headers={"X-Person": signed_in(request).username})
    answer["Cache-Control"] = "no-store"
    return answer
