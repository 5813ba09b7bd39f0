"""What the page of one mail host shows: facts, what it takes to be heard, releases to restore."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from mailadmin.answers import reason_not
from mailadmin.audit.queries import object_history
from mailadmin.people.roles import Permission
from mailadmin.ui.parts import Action, Requirement
from mailadmin.wire.core.canonical import canonical, digest_of
from mailadmin.wire.core.messages import Role
from routing.core.facts import HostFacts
from routing.core.skew import skew_words
from routing.models import MailHost
from routing.queries.agents import AgentLine
from routing.queries.hosts import HostPage, ReleaseLine
from routing.views.dns_panel import host_names, host_panel
from routing.views.history import timeline
from routing.views.kept import kept_lines


def period() -> timedelta:
    """How often agents are asked to look."""
    return timedelta(seconds=settings.OBSERVE_SECONDS)


def host_context(request: HttpRequest, found: HostPage) -> dict[str, Any]:
    """The values that the page's template writes down."""
    host = found.summary.host
    dns = host_panel(request, host)
    restore_reason = reason_not(request, Permission.EDIT, "propose pushes")
    if host.retired_at is not None:
        restore_reason = f"{host.name} is retired. Take it back into service first."
    return {
        "page": found,
        "host": host,
        "facts": tuple(fact_rows(found)),
        "steps": steps(found),
        "install": install(host),
        "files": found.live_files,
        "releases": [(line, _restore(line, restore_reason)) for line in found.releases],
        "put_back": put_back(found, restore_reason),
        "kept": kept_lines(found.kept),
        "kept_more": max(0, (found.summary.kept_total or 0) - len(found.kept)),
        "restore_reason": restore_reason,
        "edit_reason": reason_not(request, Permission.ADMINISTER, "change mail hosts"),
        "history": timeline(object_history(host.pk)),
        "dns": dns,
        "version": host_version(found),
        "poll_href": reverse("mail-host-live", args=[host.name]),
    }


def host_version(found: HostPage) -> str:
    """Moves whenever anything on the page would."""
    summary = found.summary
    said = [
        str(summary.host.version),
        str(summary.observed_at),
        str(found.kept_at),
        found.error,
        *(f"{number} {state}" for number, state in found.open_pushes),
        *(f"{line.role} {line.state} {line.seen_at}" for line in summary.agents),
        *(f"{line.digest} {line.push} {line.was_live}" for line in found.releases),
        *(f"{name.name} {name.asked_at} {name.is_due}" for name in host_names(summary.host)),
    ]
    return digest_of(canonical(said))[:16]


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


def steps(found: HostPage) -> tuple[Requirement, ...]:
    """What it takes until every agent of the host was heard once; none when that is so."""
    host, agents = found.summary.host, {line.role: line for line in found.summary.agents}
    roles = _roles(host)
    if host.retired_at is not None or all(_heard(agents.get(role)) for role in roles):
        return ()
    return tuple(_step(role, agents.get(role), host.name) for role in roles)


def install(host: MailHost) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What to do, in order, each with its commands; docs/operations.md has all of it."""
    roles = _roles(host)
    files = [f"--config /etc/mailadmin/{role}.toml" for role in roles]
    let_in = " ".join(f"--register {host.name} {role} {role}.pub" for role in roles)
    units = " ".join(f"mailadmin-{role}-agent" for role in roles)
    return (
        (
            f"On {host.name}, as root: install the agent, then make its key. It prints the public "
            "half.",
            tuple(f"mailadmin-agent key {file}" for file in files),
        ),
        (
            "On the server of the dashboard, with each public half in a file: let it in.",
            (f"manage.py keys {let_in}",),
        ),
        (
            f"On {host.name} again: see what is missing or unsafe, then start it.",
            (
                *(f"mailadmin-agent check {file}" for file in files),
                f"systemctl enable --now {units}",
            ),
        ),
    )


def put_back(found: HostPage, reason: str) -> tuple[Action, ...]:
    """Pushes of what our record says, from what somebody left; with the saved edits too, where
    there are any."""
    wanted = found.turned.wanted if found.turned else found.live_by_record
    if wanted is None or not (found.turned or found.drift):
        return ()
    number, host = wanted.number, wanted.host.name
    alone = Action(
        id=f"put-back-{host}",
        label=f"Put revision {number} back…",
        action=reverse("put-back", args=[host]),
        reason=reason,
        asks="Why it is put back",
        confirm_label=f"Propose revision {number} again",
        fields=(("token", str(uuid4())),),
    )
    if not found.edits:
        return (alone,)
    edits = f"{found.edits} edit{'' if found.edits == 1 else 's'}"
    both = dataclasses.replace(
        alone,
        id=f"put-back-edits-{host}",
        label=f"Put it back with {edits}…",
        confirm_label=f"Propose it with {edits}",
        fields=(("token", str(uuid4())), ("edits", "yes")),
    )
    return (alone, both)


def _roles(host: MailHost) -> list[str]:
    """The agents that a host of its kind needs."""
    return [role.value for role in Role if host.is_list_server or role is Role.DEPLOY]


def _heard(line: AgentLine | None) -> bool:
    return line is not None and line.seen_at is not None


def _step(role: str, line: AgentLine | None, host: str) -> Requirement:
    if line is None:
        return Requirement(
            "waits", f"The {role} agent has no key", "make it and let it in, as below"
        )
    if line.seen_at is None:
        return Requirement(
            "works",
            f"The {role} agent was never heard",
            f"start it on {host}, or read its log there",
        )
    return Requirement("met", f"The {role} agent answers", at=line.seen_at, lead="last word")


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
    yield "m4 from", facts.cf_dir
    yield "Spool", facts.spool
    yield "Run directory", facts.run_dir
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
