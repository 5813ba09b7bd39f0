"""A new domain turns green by itself: real agents, a real control worker, an MTA in its place."""

from __future__ import annotations

from django.utils import timezone

from routing.core.adopt.reading import ROBOT_CONF
from routing.models import RcptCheck, RoutingObject
from routing.queries.checklist import Need, checklist_of
from routing.services.rcpt import ask_now, watch_domains
from tests.fixtures.sandbox import wait_until
from tests.integration.push.site import LIVENESS_S, Site

KEY = "checklist.example.org"


def states(row: RoutingObject) -> dict[Need, str]:
    return {line.need: line.state.value for line in checklist_of(row).lines}


def test_all_that_can_be_seen_turns_green_by_itself(site: Site) -> None:
    """The MTA of the sandbox takes everything, and its DNS checks are off: they stay unknown."""
    row = site.add_domain(KEY)
    watch_domains(server=site.host, domains=[KEY], now=timezone.now())
    assert states(row)[Need.RCPT] == "unknown"
    assert states(row)[Need.ROUTE] == "missing"

    wait_until(lambda: states(row)[Need.RCPT] == "done", "the MTA said yes", seconds=LIVENESS_S)
    check = RcptCheck.objects.get(domain=KEY)
    assert (check.code, check.stranger, check.due_at, check.attempt) == (
        250,
        "accepted",
        None,
        None,
    )
    assert site.accepted("mta", f"postmaster@{KEY}") == 0

    wait_until(lambda: states(row)[Need.ROBOT] == "missing", "a whole survey", seconds=LIVENESS_S)
    tree = site.sandbox.listes
    (tree.sympa / KEY).mkdir()
    (tree.sympa / KEY / ROBOT_CONF).touch(0o644)
    with tree.mta_local_names.open("a") as file:
        file.write(f"{KEY}\n")
    # Nobody waits for the hour: somebody looks.
    RcptCheck.objects.update(asked_at=None)
    ask_now(server=site.host, domain=KEY, now=timezone.now())
    wait_until(lambda: states(row)[Need.ROBOT] == "done", "its robot is seen", seconds=LIVENESS_S)

    site.go_live(site.propose(row))
    assert states(row) == {
        Need.ROBOT: "done",
        Need.MTA: "done",
        Need.MX: "unknown",
        Need.SPF: "unknown",
        Need.ROUTE: "done",
        Need.RCPT: "done",
    }


def test_an_mta_that_is_down_is_said_and_found_again(site: Site) -> None:
    key = "down.checklist.example.org"
    site.add_domain(key)
    site.stack.stop("mta")
    watch_domains(server=site.host, domains=[key], now=timezone.now())

    def fault() -> str:
        return str((RcptCheck.objects.get(domain=key).error or {}).get("code", ""))

    wait_until(lambda: fault() == "mta_closed", "the fault is known", seconds=LIVENESS_S)
    site.stack.start_ready("mta")
    RcptCheck.objects.update(asked_at=None)
    assert ask_now(server=site.host, domain=key, now=timezone.now())
    wait_until(lambda: fault() == "", "it was asked again", seconds=LIVENESS_S)
    assert RcptCheck.objects.get(domain=key).verdict == "accepted"
