"""What programs ask: alive, ready, metrics; and who may read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from deploy.sandbox.broker import free_port
from mailadmin.audit.models import AuditEvent, AuditHead, AuditPass
from mailadmin.audit.services import CONTROL, SETUP, Happened, record
from mailadmin.audit.watch import PAUSE, last_whole_pass, watch_slice
from mailadmin.health.__main__ import main as told
from mailadmin.health.models import last_sweep, note_sweep
from mailadmin.health.ready import CHECKS
from mailadmin.wire.models import Agent
from routing.core.facts import HostKind
from routing.core.intent import ObjectKind
from routing.models import HostState, MailHost
from routing.services.hosts import save_mail_host
from routing.services.objects import save_object
from spools.core.health import RelayState
from spools.core.queue_run import QueueRun
from spools.core.summary import State, Summary
from spools.models import FlushRun, RelayHealth, Spool
from tests.fixtures.audited import unaudited

FAR = "192.0.2.7"


@pytest.fixture
def ready_site(db: None, settings: Settings, redis_url: str) -> None:
    """A Redis that answers, and a tick of now."""
    settings.BROKER_URL = redis_url
    note_sweep(now=timezone.now())


def read(client: Client) -> dict[str, float]:
    """Each figure by its name and labels, as in `name host=listes`, by Prometheus' own reader."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    families = list(text_string_to_metric_families(answer.content.decode()))
    assert len({family.name for family in families}) == len(families), "a family is told twice"
    samples = [sample for family in families for sample in family.samples]
    found = {
        " ".join(
            [sample.name, *(f"{name}={it}" for name, it in sorted(sample.labels.items()))]
        ): float(sample.value)
        for sample in samples
    }
    assert len(found) == len(samples), "a figure is told twice"
    return found


def states(client: Client) -> tuple[int, dict[str, str]]:
    answer = client.get("/readyz")
    said = answer.json()
    assert said["ready"] == (answer.status_code == 200)
    return answer.status_code, said["checks"]


def test_alive_asks_no_database(client: Client) -> None:
    """pytest-django refuses each query of a test without the fixture `db`."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


def test_a_site_with_everything_is_ready(client: Client, ready_site: None) -> None:
    all_there = dict.fromkeys(("database", "migrations", "redis", "tick"), "ok")
    assert states(client) == (200, all_there)


def test_a_site_that_never_ticked_is_not_ready(
    client: Client, db: None, settings: Settings, redis_url: str
) -> None:
    settings.BROKER_URL = redis_url
    status, found = states(client)
    assert (status, found["tick"], found["database"]) == (503, "never", "ok")


def test_an_old_tick_is_told_with_its_age(client: Client, ready_site: None) -> None:
    note_sweep(now=timezone.now() - timedelta(minutes=7))
    status, found = states(client)
    assert (status, found["tick"].replace("\N{NO-BREAK SPACE}", " ")) == (503, "7 min ago")


def test_a_redis_that_is_away_or_refuses_us_is_told(
    client: Client, ready_site: None, settings: Settings, redis_url: str
) -> None:
    settings.BROKER_URL = redis_url.replace("admin:", "nobody:")
    assert states(client) == (
        503,
        {
            "database": "ok",
            "migrations": "ok",
            "redis": "refuses our name or password",
            "tick": "ok",
        },
    )
    settings.BROKER_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert states(client)[1]["redis"] == "does not answer"


def test_a_table_that_is_missing_is_told(client: Client, ready_site: None) -> None:
    MigrationRecorder(connection).record_unapplied("audit", "0002_index_subjects")
    assert states(client)[1]["migrations"] == "1 not applied"


@contextmanager
def no_database() -> Iterator[None]:
    """A name under which there is none, as for a process whose database went away."""
    settings = connections["default"].settings_dict
    before = settings["NAME"]
    connection.close()
    is_file = connection.vendor == "sqlite"
    settings["NAME"] = "/nowhere/at/all.sqlite3" if is_file else "no_such_database"
    try:
        yield
    finally:
        connection.close()
        settings["NAME"] = before


def test_a_database_that_is_away_is_told_and_nothing_fails(
    client: Client, transactional_db: None, settings: Settings, redis_url: str
) -> None:
    settings.BROKER_URL = redis_url
    with no_database():
        assert states(client) == (
            503,
            {
                "database": "gone",
                "migrations": "not known",
                "redis": "ok",
                "tick": "not known",
            },
        )
        assert client.get("/healthz").status_code == 200
        answer = client.get("/metrics")
        assert (answer.status_code, answer.content) == (503, b"The database cannot be asked.\n")


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_a_probe_needs_neither_https_nor_the_name_of_the_site(
    client: Client, ready_site: None, settings: Settings, path: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = ["mailadmin.example.org"]
    assert client.get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 200
    assert client.post(path).status_code == 405
    # The rest of the site still does.
    assert client.get("/sign-in/", headers={"Host": "10.1.2.3"}).status_code == 400


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded"])
def test_metrics_are_not_for_the_world(
    client: Client, ready_site: None, settings: Settings, header: str
) -> None:
    settings.METRICS_TOKEN = "a-long-token"

    def far(given: str) -> int:
        return client.get("/metrics", headers={"Authorization": given}, REMOTE_ADDR=FAR).status_code

    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200
    assert client.get("/metrics", headers={header: "https"}).status_code == 403
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 403
    refused = client.get("/metrics", REMOTE_ADDR=FAR)
    assert (refused.status_code, b"MAILADMIN_METRICS_TOKEN" in refused.content) == (403, True)
    assert [far("Bearer a-long-token"), far("Bearer another"), far("Basic a-long-token")] == [
        200,
        403,
        403,
    ]
    settings.METRICS_TOKEN = ""
    assert [far("Bearer "), far("Bearer a-long-token")] == [403, 403]


def test_what_is_not_known_has_no_figure(client: Client, ready_site: None) -> None:
    figures = read(client)
    assert set(figures) == {
        "mailadmin_tick_timestamp_seconds",
        "mailadmin_change_pending",
        *(f"mailadmin_push_open state={state}" for state in OPEN),
    }
    assert set(figures.values()) - {figures["mailadmin_tick_timestamp_seconds"]} == {0.0}


OPEN = ("proposed", "staging", "proved", "approved", "deploying", "stopped")


def test_the_figures_are_those_of_the_rows(client: Client, ready_site: None) -> None:
    host = a_host("listes")
    now = timezone.now()
    with unaudited():
        Agent.objects.create(
            host_name="listes", role="spool", public_key="k", last_seen_at=now, clock_skew_ms=-1500
        )
        HostState.objects.filter(host=host).update(
            live="",
            deploy_at=now,
            kept_total=3,
            spool_at=now,
            runner=QueueRun(began=1_800_000_000).to_json(),
            drift=[{"file": f"odd\\{n:02}", "code": "x", "text": "x"} for n in range(30)],
        )
    for to in ("failed", "failed", "confirmed"):
        record_target(to)
    save_object(
        identity=uuid4(),
        version=0,
        server=host,
        kind=ObjectKind.VIRTUAL_DOMAIN,
        key="jres.org",
        by=SETUP,
    )

    figures = read(client)

    assert figures["mailadmin_kept_messages host=listes"] == 3
    assert figures["mailadmin_drift_files host=listes"] == 30
    assert sum(name.startswith("mailadmin_drift ") for name in figures) == 20
    assert figures["mailadmin_drift file=odd\\00 host=listes"] == 1
    assert figures["mailadmin_agent_clock_skew_seconds host=listes role=spool"] == -1.5
    assert figures["mailadmin_agent_seen_timestamp_seconds host=listes role=spool"] == (
        pytest.approx(now.timestamp())
    )
    assert figures["mailadmin_change_pending"] == 1
    assert figures["mailadmin_queue_run_timestamp_seconds host=listes"] == 1_800_000_000
    assert figures["mailadmin_deploy_total host=listes result=failed"] == 2
    assert figures["mailadmin_deploy_total host=listes result=confirmed"] == 1
    assert figures["mailadmin_deploy_total host=listes result=reverted"] == 0


def a_host(name: str) -> MailHost:
    return save_mail_host(identity=None, name=name, kind=HostKind.LIST_SERVER, position=0, by=SETUP)


def record_target(to: str) -> None:
    happened = Happened(action=f"target.{to}", subject="push #1", host="listes", push=1)
    with transaction.atomic():
        record(by=CONTROL, happened=happened)


def test_a_tick_is_remembered(db: None) -> None:
    first, second = timezone.now(), timezone.now() + timedelta(seconds=2)
    assert last_sweep() is None
    note_sweep(now=first)
    note_sweep(now=second)
    assert last_sweep() == second


@pytest.fixture
def trail(db: None) -> None:
    """Seven events."""
    for _ in range(7):
        record_target("confirmed")


def read_to_the_end(most: int = 3) -> None:
    """Slice by slice, until a reading ends."""
    before = AuditPass.objects.filter(pk=1).values_list("ended_at", flat=True).first()
    now = (before or timezone.now()) + PAUSE
    for _ in range(10):
        watch_slice(now=now, most=most)
        if AuditPass.objects.get().ended_at == now:
            return
    raise AssertionError("a reading does not end")


def test_the_trail_is_read_slice_by_slice_and_found_whole(trail: None) -> None:
    now = timezone.now()
    for number, expected in ((3, None), (6, None), (0, True)):
        watch_slice(now=now, most=3)
        assert AuditPass.objects.get().number == number
        whole = last_whole_pass()
        assert (whole and whole.ok) is expected
    watch_slice(now=now + PAUSE / 2, most=3)
    assert AuditPass.objects.get().number == 0, "it pauses"
    watch_slice(now=now + PAUSE, most=3)
    assert AuditPass.objects.get().number == 3


def test_what_is_written_while_it_reads_is_no_break(trail: None) -> None:
    watch_slice(now=timezone.now(), most=3)
    record_target("failed")
    read_to_the_end()
    whole = last_whole_pass()
    assert whole is not None
    assert whole.ok


TAMPERINGS: dict[str, tuple[Callable[[], object], int]] = {
    "one changed": (lambda: AuditEvent.objects.filter(number=5).update(note="no"), 5),
    "one removed": (lambda: AuditEvent.objects.filter(number=4).delete(), 4),
    "the newest removed": (lambda: AuditEvent.objects.filter(number=7).delete(), 7),
    "the first removed": (lambda: AuditEvent.objects.filter(number=1).delete(), 1),
    "all removed": (lambda: AuditEvent.objects.all().delete(), 1),
    "the head turned back": (lambda: AuditHead.objects.update(number=6), 7),
    "the head's hash changed": (lambda: AuditHead.objects.update(hash="0" * 64), 7),
}


@pytest.mark.parametrize("most", [3, 7, 100])
@pytest.mark.parametrize("what", TAMPERINGS)
def test_a_touched_trail_is_found_and_told(
    client: Client, trail: None, what: str, most: int
) -> None:
    read_to_the_end()
    assert read(client)["mailadmin_audit_chain_ok"] == 1
    tamper, expected = TAMPERINGS[what]
    tamper()
    read_to_the_end(most)
    whole = last_whole_pass()
    assert whole is not None
    assert whole.broken_at == expected
    assert read(client)["mailadmin_audit_chain_ok"] == 0


def a_summary(**given: object) -> Summary:
    """A spool with 5 waiting, 1 held, 2 damaged; the oldest is an hour old."""
    values = {
        "at": 10_000,
        "took_ms": 3,
        "read": 8,
        "states": {State.WAITING: 5, State.HELD: 1, State.DAMAGED: 2},
        "queue_bytes": 800,
        "data_bytes": 4200,
        "recipients": 9,
        "ages": (2, 1, 0, 0, 3, 0, 0, 0, 0, 0),
        "oldest": 6_400,
        "last_try": None,
    }
    return Summary(**{**values, **given})  # type: ignore[arg-type]  # each test gives what it is of


def a_spool(host: MailHost, name: str, summary: Summary | None, problem: str = "") -> Spool:
    now = timezone.now()
    return Spool.objects.create(
        host=host,
        name=name,
        problem=problem,
        seen_at=now,
        at=now if summary else None,
        scan_at=summary.at if summary else None,
        summary=summary.to_json() if summary else None,
    )


def test_a_spool_is_told_by_state_and_age(client: Client, ready_site: None) -> None:
    spool = a_spool(a_host("listes"), "sympa", a_summary())
    assert spool.at is not None
    figures = read(client)
    here = "host=listes spool=sympa"
    assert {
        state.value: figures[f"mailadmin_spool_messages {here} state={state.value}"]
        for state in State
        if figures[f"mailadmin_spool_messages {here} state={state.value}"]
    } == {"waiting": 5, "held": 1, "damaged": 2}
    assert figures[f"mailadmin_spool_oldest_seconds {here}"] == 3600
    assert figures[f"mailadmin_spool_bytes {here}"] == 5000
    assert figures[f"mailadmin_spool_readable {here}"] == 1
    assert figures[f"mailadmin_spool_poll_timestamp_seconds {here}"] == (
        pytest.approx(spool.at.timestamp())
    )
    buckets = [
        figures[f"mailadmin_spool_age_seconds_bucket host=listes le={le} spool=sympa"]
        for le in ("300.0", "600.0", "2400.0", "4800.0", "+Inf")
    ]
    assert buckets == [2, 3, 3, 6, 6]


def test_an_empty_spool_has_no_age_and_an_unknown_one_no_figure(
    client: Client, ready_site: None
) -> None:
    host = a_host("listes")
    a_spool(host, "empty", a_summary(states={}, oldest=None, ages=(0,) * 10))
    a_spool(host, "timeless", a_summary(oldest=None))
    a_spool(host, "away", None, problem="not there")
    figures = read(client)
    told = {name.rpartition("spool=")[2] for name in figures if "oldest" in name}
    assert told == {"empty"}
    assert figures["mailadmin_spool_oldest_seconds host=listes spool=empty"] == 0
    assert [name for name in figures if name.endswith("spool=away")] == [
        "mailadmin_spool_readable host=listes spool=away"
    ]
    assert figures["mailadmin_spool_readable host=listes spool=away"] == 0


def test_a_shell_is_told_only_what_it_asks_for(
    ready_site: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(["redis", "tick"]) == 0
    assert capsys.readouterr().out == "redis: ok\ntick: ok\n"
    note_sweep(now=timezone.now() - timedelta(hours=2))
    assert told([]) == 1
    assert [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()] == [*CHECKS]
    assert told(["weather"]) == 64
    assert "no such check: weather" in capsys.readouterr().err


def test_what_needs_no_database_asks_none(
    settings: Settings, redis_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """pytest-django refuses each query of a test without the fixture `db`."""
    settings.BROKER_URL = redis_url
    assert told(["redis"]) == 0
    assert capsys.readouterr().out == "redis: ok\n"


@pytest.mark.parametrize(
    ("state", "up"),
    [
        *(("healthy", 1), ("suspect", 1), ("recovering", 1)),
        *(("down", 0), ("overloaded", 0)),
        *(("unknown", None), ("maintenance", None)),
    ],
)
def test_a_relay_is_told_as_each_list_server_sees_it(
    client: Client, ready_site: None, state: str, up: int | None
) -> None:
    now = timezone.now()
    RelayHealth.objects.create(
        server=a_host("listes"), relay=uuid4(), name="smtp1", port=25, state=state, seen_at=now
    )
    figures = read(client)
    here = "host=listes relay=smtp1"
    assert figures.get(f"mailadmin_relay_up {here}") == up
    assert [
        found for found in RelayState if figures[f"mailadmin_relay_state {here} state={found}"]
    ] == [state]
    assert figures[f"mailadmin_relay_probe_timestamp_seconds {here}"] == (
        pytest.approx(now.timestamp())
    )


@pytest.mark.parametrize(("state", "active"), [("running", 1), ("ordered", 1), ("finished", 0)])
def test_an_open_run_of_the_fallback_is_told(
    client: Client, ready_site: None, state: str, active: int
) -> None:
    host = a_host("listes")
    assert read(client)["mailadmin_fallback_active host=listes"] == 0
    with unaudited():
        FlushRun.objects.create(
            server=host,
            number=1,
            state=state,
            release="d" * 64,
            runners=1,
            per_destination=1,
            seconds=60,
            reason="down",
            started_at=timezone.now(),
            started_by="Odile",
            ended_at=None if active else timezone.now(),
        )
    assert read(client)["mailadmin_fallback_active host=listes"] == active
