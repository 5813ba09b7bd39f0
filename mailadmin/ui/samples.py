"""Made-up values for the design pages: the large pages in states hard to reach by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.utils import timezone

from mailadmin.listing import (
    Column,
    ColumnMenu,
    FilterChip,
    ListWords,
    Pager,
    SavedLink,
    SavedMenu,
    SortHead,
    ViewChip,
)
from mailadmin.ui.away import Away
from mailadmin.ui.badges import badge_of
from mailadmin.ui.list_pages import DomainRow, DomainsPage, PushesPage, PushRow, RowAction
from mailadmin.ui.samples_push import (
    DIGEST,
    activity,
    changes,
    deploying,
    failed,
    files,
    live,
    requirements,
    staging,
    waiting,
)
from mailadmin.ui.standing import Strip
from mailadmin.ui.unavailable import WORDS as WORDS_AWAY

Sample = tuple[str, Mapping[str, object]]
WORDS = ListWords(
    many="Virtual domains",
    short="domain",
    icon="world",
    empty="A virtual domain is handed to Sympa on the list server itself.",
)
CLAIRE, PAUL, LUC = "Claire Martin", "Paul Leroy", "Luc Petit"
POLLED = frozenset({"routing/push.html", "routing/pushes.html"})
HEADS = ("Domain", "Route", "State", "Findings", "Changed by")
SEEN = tuple(Column(label, name=label.split()[0].lower()) for label in HEADS[1:])
COLUMNS = ColumnMenu(action="?", query="", every=SEEN, shown=SEEN)
SAVED = SavedMenu((SavedLink("To check in spring", "?"), SavedLink("Paris", "?", owner=LUC)), "?")


def page_of(name: str) -> Sample:
    """Return template and context of one sample page. Raises KeyError for an unknown name."""
    return PAGES[name](timezone.now())


def components() -> Mapping[str, object]:
    """Return what the component sheet feeds its parts with."""
    now = timezone.now()
    return {
        "changes": changes(now),
        "files": files(),
        "requirements": requirements(now),
        "activity": activity(now),
        "rails": [waiting(now).rail, deploying(now).rail, failed(now).rail, live(now).rail],
        "strips": _strips(),
        "panels": _panels(now),
        "facts": _facts(now),
        "digest": DIGEST,
        "views": (ViewChip("Waiting for me", "?", True, 1), ViewChip("Open", "?", count=3)),
        "chips": (FilterChip("State: edited", "?"),),
        "moments": [now - timedelta(seconds=s) for s in (4, 2280, 8040, 200_000, 900_000)],
        "numbers": [0, 4812, 1_000_000, None],
    }


def _strips() -> list[Strip]:
    return [
        Strip("warn", "3 edits are not on any mail host.", "Review and propose", "?"),
        Strip("bad", "No figures from listes for 4 min."),
        Strip("work", "Push #12 is being deployed to listes.", "Open push #12", "?"),
        Strip("unk", "Demo: the mail hosts are sandboxes on this machine."),
    ]


def _panels(now: datetime) -> list[dict[str, object]]:
    seen = now - timedelta(seconds=8)
    return [
        {
            "label": "Relay smtp1",
            "badge": badge_of("agent", "away"),
            "lines": ["for 38 min"],
            "at": seen,
        },
        {
            "label": "Live files",
            "badge": badge_of("object", "live"),
            "lines": ["2 of 2 hosts"],
            "at": seen,
        },
        {"label": "Waiting", "value": "214", "lines": ["falling, peak 437"], "at": seen},
        {"label": "Oldest", "value": "", "lines": [], "at": None, "empty": "No news since 20:41"},
    ]


def _facts(now: datetime) -> list[dict[str, object]]:
    return [
        {"label": "sendmail", "value": "8.17.1.9", "mono": True, "at": now - timedelta(seconds=40)},
        {"label": "Class w", "value": "listes.renater.fr, localhost", "mono": True},
        {"label": "Clock skew", "value": "", "missing": "The agent has not been seen yet"},
    ]


def _domain(now: datetime, name: str, state: str, minutes: int, **more: object) -> DomainRow:
    actions = (
        RowAction("Edit", "?", "pencil"),
        RowAction("Disable", "?", "ban"),
        RowAction("Delete", "?", "trash", danger=True),
    )
    values: dict[str, object] = {
        "name": name,
        "href": "?",
        "route": "esmtp:[127.0.0.1]",
        "state": state,
        "server": "listes",
        "changed_by": CLAIRE,
        "changed_at": now - timedelta(minutes=minutes),
        "actions": actions,
    }
    return DomainRow(**(values | more))  # type: ignore[arg-type]  # samples name their fields by word


def _domains(now: datetime) -> Sample:
    rows = (
        _domain(now, "conf.renater.fr", "in_push", 20, push=12),
        _domain(now, "demo.sympa.org", "live", 60 * 26),
        _domain(
            now,
            "events.renater.fr",
            "edited",
            4,
            findings=1,
            finding_kind="warn",
            finding_text="The domain has no MX record",
        ),
        _domain(now, "jres.org", "live", 60 * 24 * 9, changed_by=LUC),
        _domain(now, "old.renater.fr", "disabled", 60 * 24 * 40, changed_by=LUC),
        _domain(
            now,
            "xn--universit-i1a.example",
            "new",
            2,
            unicode="université.example",
            findings=2,
            finding_kind="bad",
            finding_text="The name resolves nowhere; no MX record",
        ),
        _domain(now, "renater.fr", "live", 60 * 24 * 200),
    )
    heads = tuple(SortHead(label, "?", "ascending" if label == "Domain" else "") for label in HEADS)
    return "routing/domains.html", {
        "list": DomainsPage(
            words=WORDS,
            rows=rows,
            heads=heads,
            total=4812,
            matched=38,
            action="",
            add_href="?",
            query="r",
            chips=(FilterChip("State: not disabled", "?"),),
            pager=Pager("1 to 7 of 38", older_href="?", older="Next", newer="Back"),
            columns=COLUMNS,
            saved=SAVED,
        ),
    }


def _domains_empty(now: datetime) -> Sample:
    return "routing/domains.html", {
        "list": DomainsPage(
            words=WORDS, rows=(), heads=(), total=0, matched=0, action="", add_href="?"
        ),
    }


def _domains_no_match(now: datetime) -> Sample:
    heads = tuple(SortHead(label) for label in HEADS)
    page = DomainsPage(
        words=WORDS,
        rows=(),
        heads=heads,
        total=4812,
        matched=0,
        action="",
        add_href="?",
        query="foo",
        add_reason="Editors add domains. Claire Martin is one.",
    )
    return "routing/domains.html", {"list": page}


def _pushes(now: datetime) -> Sample:
    def row(number: int, subject: str, state: str, hours: int, **more: object) -> PushRow:
        values: dict[str, object] = {
            "number": number,
            "href": "?",
            "subject": subject,
            "state": state,
            "created": 1,
            "updated": 0,
            "deleted": 0,
            "hosts": "listes",
            "author": CLAIRE,
            "approver": PAUL,
            "digest": DIGEST,
            "at": now - timedelta(hours=hours),
        }
        return PushRow(**(values | more))  # type: ignore[arg-type]  # as in _domain

    rows = (
        row(
            12,
            "Add conf.renater.fr, send jres.org to smtp2",
            "proved",
            0,
            approver="",
            mine=True,
            updated=1,
            deleted=1,
        ),
        row(11, "Add events.renater.fr", "active", 30),
        row(10, "Send jres.org to smtp2", "stopped", 52, author=LUC),
        row(9, "Remove old domains", "refused", 80, created=0, deleted=24),
        row(8, "Add demo.sympa.org", "superseded", 200, approver=""),
        row(1, "Import of mailertable", "active", 4000, author="import", created=4812),
    )
    views = (
        ViewChip("Waiting for me", "?", True, 1),
        ViewChip("Open", "?", count=2),
        ViewChip("Live", "?", count=1),
        ViewChip("All", "?", count=12),
    )
    return "routing/pushes.html", {
        "pushes": PushesPage(views, rows, total=12, propose_href="?", version="1", poll_href="?")
    }


def _pushes_empty(now: datetime) -> Sample:
    page = PushesPage(
        (),
        (),
        total=0,
        propose_href="?",
        version="1",
        poll_href="?",
        propose_reason="Nothing is edited: every row is as it is on the mail hosts.",
    )
    return "routing/pushes.html", {"pushes": page}


def _away(kind: str, *, sent: bool = False) -> Mapping[str, object]:
    title, what = WORDS_AWAY[Away(kind)]
    fields = [("key", "lists.example.org"), ("csrfmiddlewaretoken", "as it was sent")]
    return {"title": title, "what": what, "again": "?", "sent": sent, "fields": sent and fields}


PAGES: Mapping[str, Callable[[datetime], Sample]] = {
    "push": lambda now: ("routing/push.html", {"push": waiting(now)}),
    "push-author": lambda now: ("routing/push.html", {"push": waiting(now, author=True)}),
    "push-staging": lambda now: ("routing/push.html", {"push": staging(now)}),
    "push-failed": lambda now: ("routing/push.html", {"push": failed(now)}),
    "push-deploying": lambda now: ("routing/push.html", {"push": deploying(now)}),
    "push-live": lambda now: ("routing/push.html", {"push": live(now)}),
    "pushes": _pushes,
    "pushes-empty": _pushes_empty,
    "domains": _domains,
    "domains-empty": _domains_empty,
    "domains-no-match": _domains_no_match,
    "form-too-old": lambda now: ("403_csrf.html", {}),
    "too-many-tries": lambda now: ("429.html", {}),
    "database-away": lambda now: ("503.html", _away("gone")),
    "database-busy": lambda now: ("503.html", _away("busy", sent=True)),
    "server-error": lambda now: ("500.html", {}),
}
