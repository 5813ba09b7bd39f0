"""Pages of mail hosts: what runs there, what drifted, what can be restored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from mailadmin.people.access import requires
from mailadmin.people.roles import Permission
from mailadmin.people.services import actor
from mailadmin.people.session import signed_in
from mailadmin.ui.pages import Action
from routing.core.facts import HostFacts
from routing.core.findings import InvalidIntent
from routing.core.skew import skew_words
from routing.forms.fields import add_findings
from routing.forms.hosts import HostForm
from routing.models import MailHost
from routing.queries.hosts import AgentLine, HostPage, ReleaseLine, host_page, list_hosts
from routing.services.hosts import save_mail_host
from routing.views.answers import moved, reason_not
from routing.views.kept import kept_lines

asks_first = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@requires(Permission.READ)
def list_all(request: HttpRequest) -> HttpResponse:
    """Every mail host in order of activation."""
    context = {
        "hosts": list_hosts(now=timezone.now(), period=period()),
        "reason": reason_not(request, Permission.ADMINISTER, "add mail hosts"),
    }
    return render(request, "routing/mail_hosts.html", context)


@require_safe
@requires(Permission.READ)
def page(request: HttpRequest, name: str) -> HttpResponse:
    """One mail host."""
    found = host_page(name, now=timezone.now(), period=period())
    if found is None:
        raise Http404(f"There is no mail host {name}.")
    restore_reason = reason_not(request, Permission.EDIT, "propose pushes")
    context = {
        "page": found,
        "host": found.summary.host,
        "facts": tuple(fact_rows(found)),
        "releases": [(line, _restore(line, restore_reason)) for line in found.releases],
        "kept": kept_lines(found.kept),
        "kept_more": max(0, (found.summary.kept_total or 0) - len(found.kept)),
        "restore_reason": restore_reason,
        "edit_reason": reason_not(request, Permission.ADMINISTER, "change mail hosts"),
    }
    return render(request, "routing/mail_host.html", context)


@asks_first
@requires(Permission.ADMINISTER)
def add(request: HttpRequest) -> HttpResponse:
    """Add a mail host; its agents say the rest."""
    return _form_page(request, None)


@asks_first
@requires(Permission.ADMINISTER)
def edit(request: HttpRequest, name: str) -> HttpResponse:
    """Its place in the order, the site's own m4, a note."""
    row = MailHost.objects.filter(name=name).first()
    if row is None:
        raise Http404(f"There is no mail host {name}.")
    return _form_page(request, row)


def period() -> timedelta:
    """How often agents are asked to look."""
    return timedelta(seconds=settings.OBSERVE_SECONDS)


def fact_rows(found: HostPage) -> Iterator[dict[str, object]]:
    """What the agents observed, as rows of the facts table."""
    facts, seen = found.facts, found.summary.observed_at
    for label, value in _facts(facts):
        yield {
            "label": label,
            "value": value,
            "mono": True,
            "missing": "No agent has said it yet",
        }
    yield {
        "label": "Clock skew",
        "value": clock_words(found.summary.agents),
        "missing": "No agent has been heard yet",
    }
    yield {"label": "Seen", "value": "", "at": seen, "missing": "The deploy agent was never heard"}


def clock_words(agents: Iterable[AgentLine]) -> str:
    """How far the agents' clock is from ours: one word where both say the same."""
    known = [
        (line.role, skew_words(line.skew_ms / 1000)) for line in agents if line.skew_ms is not None
    ]
    if len({words for _, words in known}) == 1:
        return known[0][1]
    return ", ".join(f"{role} agent {words}" for role, words in known)


def _facts(facts: HostFacts | None) -> Iterator[tuple[str, str]]:
    if facts is None:
        yield "FQDN", ""
        yield "sendmail", ""
        return
    yield "FQDN", facts.fqdn if "." in facts.fqdn else f"{facts.fqdn}: not fully qualified"
    yield "sendmail", facts.sendmail_version
    yield "Class w", ", ".join(facts.class_w)
    yield "Runs as", f"{facts.run_as_user}:{facts.run_as_group}"
    yield "Trusted user", facts.trusted_user
    yield "Spool", facts.spool
    yield "Wrapper", facts.wrapper
    yield "Local MTA", f"{facts.local_mta_host} port {facts.local_mta_port}"


def _restore(line: ReleaseLine, reason: str) -> Action | None:
    """Only what was live before and is not now comes back."""
    if line.revision is None or line.is_live or not line.was_live:
        return None
    number = line.revision.number
    return Action(
        id=f"restore-{line.revision.pk}",
        label=f"Restore {number} as a new push…",
        action=reverse("revision-restore", args=[line.revision.pk]),
        reason=reason,
        asks="Why the older revision comes back",
        confirm_label=f"Propose revision {number} again",
        fields=(("token", str(uuid4())),),
    )


def _form_page(request: HttpRequest, row: MailHost | None) -> HttpResponse:
    form = HostForm(request.POST or None, initial=_initial(row))
    if request.method == "POST" and form.is_valid():
        try:
            saved = save_mail_host(
                identity=row.pk if row else None, **form.cleaned_data, by=actor(signed_in(request))
            )
        except InvalidIntent as error:
            add_findings(form, error.findings)
        else:
            return moved(
                request, reverse("mail-host", args=[saved.name]), f"{saved.name} is saved."
            )
    context = {"form": form, "host": row}
    return render(
        request, "routing/mail_host_form.html", context, status=422 if form.is_bound else 200
    )


def _initial(row: MailHost | None) -> dict[str, object]:
    if row is None:
        return {"position": MailHost.objects.count()}
    fields = ("name", "kind", "position", "site_m4", "note")
    return {field: getattr(row, field) for field in fields}
