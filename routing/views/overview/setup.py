"""The set-up of a new site, step by step."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import reverse

from mailadmin.ui.overview import SetupStep
from mailadmin.ui.words import counted
from routing.queries.overview import Site


def steps(site: Site, no_host: str, no_import: str) -> Iterator[SetupStep]:
    """In their order. `no_host` and `no_import` say why the reader may not, "" for who may."""
    yield _host(site, no_host)
    yield _agents(site)
    yield _import(site, no_import)
    yield _push(site)


def _host(site: Site, no_host: str) -> SetupStep:
    names = ", ".join(host.name for host in site.hosts)
    return SetupStep(
        "host",
        "met" if site.hosts else "waits",
        "Add a mail host",
        names or "A mail host is a list server or an outgoing relay with agents on it.",
        reverse("mail-host-list") if site.hosts else reverse("mail-host-add"),
        "Open mail hosts" if site.hosts else "Add mail host",
        "" if site.hosts else no_host,
    )


def _agents(site: Site) -> SetupStep:
    registered = [(host, agent) for host in site.hosts for agent in host.agents]
    quiet = [f"{host.name} ({agent.role})" for host, agent in registered if agent.seen_at is None]
    status, text = "waits", "No agent is known yet."
    if quiet:
        status, text = "works", f"Waits for the first word of {', '.join(quiet)}."
    elif registered:
        status, text = "met", f"{counted(len(registered), 'agent', 'agents')} heard from."
    return SetupStep(
        "agents", status, "Hear from its agents", text, reverse("mail-host-list"), "Open mail hosts"
    )


def _import(site: Site, no_import: str) -> SetupStep:
    rows = sum(way.keys for way in site.ways.ways)
    return SetupStep(
        "import",
        "met" if rows else "waits",
        "Import its mailertable",
        f"{counted(rows, 'key', 'keys')} saved."
        if rows
        else "What a list server has is read and judged; nothing is written before you import it.",
        reverse("domain-list") if rows else reverse("adopt"),
        "Open virtual domains" if rows else "Adopt a list server",
        "" if rows else no_import,
    )


def _push(site: Site) -> SetupStep:
    count = len(site.pushes)
    return SetupStep(
        "push",
        "works" if count else "waits",
        "Bring the first push live",
        f"{counted(count, 'push is', 'pushes are')} open." if count else "The import proposes it.",
        reverse("pushes"),
        "Open pushes",
    )
