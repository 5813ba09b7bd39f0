"""A scan of spools as files lie in them: what is counted, in which state, and what is reported."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from mailadmin.agent.config import load_config
from mailadmin.wire.core.messages import Outcome
from routing.agent.host import HostConfig
from spools.agent.scan import forget, scan
from spools.core.summary import SpoolReport, State
from tests.unit.agent.conftest import ConfigFile, config_file  # noqa: F401

DATA = Path(__file__).parents[2] / "data" / "spool"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """A copy of the corpus' flat spool."""
    return Path(shutil.copytree(DATA / "spool", tmp_path / "sympa"))


@pytest.fixture
def host(config_file: ConfigFile, spool: Path) -> HostConfig:  # noqa: F811
    return replace(load_config(config_file.path).host_config, spool=spool)


def reports(host: HostConfig, known: Mapping[str, str] | None = None) -> dict[str, SpoolReport]:
    """What crosses the wire, put together as the control plane does."""
    result = scan(host, {"known": dict(known or {})}, None)
    assert result.outcome is Outcome.DONE
    assert result.blob is not None
    lists: dict[str, Any] = json.loads(result.blob)
    bodies: Any = json.loads(json.dumps(result.body))["spools"]
    found = [SpoolReport.from_json({**body, **lists[body["name"]]}) for body in bodies]
    return {report.name: report for report in found}


def test_a_spool_in_figures(host: HostConfig) -> None:
    report = reports(host)["sympa"]

    assert report.summary is not None
    assert report.summary.states == {State.WAITING: 18, State.HELD: 1, State.LOST: 1}
    assert report.summary.oldest == 1795378345
    assert report.summary.queued == sum(report.summary.ages) == 19
    assert sum(row.recipients for row in report.summary.domains) == report.summary.recipients
    assert {row.reason: row.messages for row in report.summary.reasons} == {
        "Deferred: [10.66.0.99]: No route to host": 15,
        "": 2,
        "Deferred: 450 4.2.0 mailbox busy": 1,
        "Held: held by postmaster: spam?": 1,
    }
    assert (report.base, len(report.messages)) == ("", 20)


def test_only_what_changed_is_told_to_who_has_the_list(host: HostConfig) -> None:
    whole = reports(host)["sympa"]
    (host.spool / "qf6AMKCPLp007524").rename(host.spool / "hf6AMKCPLp007524")
    for prefix in ("qf", "df"):
        (host.spool / f"{prefix}6AMKCSsu008131").unlink()
    told = reports(host, {"sympa": whole.token})["sympa"]

    assert told.base == whole.token != told.token
    assert [(row.key, row.state) for row in told.messages] == [("/6AMKCPLp007524", State.HELD)]
    assert told.gone == ("/6AMKCSsu008131",)
    assert told.summary is not None
    assert (told.summary.arrived, told.summary.left) == (0, 1)
    assert reports(host, {"sympa": "0" * 64})["sympa"].base == ""


def test_a_restart_reads_only_what_changed_and_says_since_when(host: HostConfig) -> None:
    first = reports(host)["sympa"]
    forget()
    (host.spool / "qf6AMKCSsu008131").unlink()
    (host.spool / "df6AMKCSsu008131").unlink()
    again = reports(host, {"sympa": first.token})["sympa"]

    assert first.summary is not None
    assert again.summary is not None
    assert (again.summary.since, again.summary.left) == (first.summary.at, 1)
    assert again.summary.read == 0
    assert (again.base, len(again.messages)) == ("", 19)


def test_a_spool_that_cannot_be_read_hinders_no_other(host: HostConfig, tmp_path: Path) -> None:
    shutil.copytree(DATA / "multidir", tmp_path / "mqueue")
    file = tmp_path / "file"
    file.touch()
    others = (tmp_path / "gone", tmp_path / "mqueue/q*", file)
    found = reports(replace(host, other_spools=others))

    assert found["gone"].problem == f"{others[0]} cannot be read: No such file or directory."
    assert found["file"].problem == f"{file} cannot be read: Not a directory."
    assert found["gone"].summary is None
    assert found["mqueue"].summary is not None
    assert found["mqueue"].summary.states == {State.WAITING: 8}
    assert {row.place for row in found["mqueue"].messages} == {"q1", "q2", "q3", "q4"}
    assert found["sympa"].summary is not None


def test_what_is_broken_is_in_a_state_of_its_own(host: HostConfig) -> None:
    shutil.copytree(DATA / "broken", host.spool, dirs_exist_ok=True)
    spool = host.spool
    (spool / "df6AMKCV0Q008579").unlink()
    (spool / "qf6AMKlink00001").symlink_to(spool / "qf6AMKCumo010384")
    (spool / "tf6AMKnew000001").write_bytes(b"V8\n")
    for name, age_s in (("df6AMKorphan001", 4000), ("df6AMKyoung0001", 10)):
        (spool / name).write_bytes(b"x")
        at = (spool / name).stat().st_mtime - age_s
        os.utime(spool / name, (at, at))
    report = reports(host)["sympa"]

    assert report.summary is not None
    assert report.summary.states == {
        State.WAITING: 17,
        State.HELD: 1,
        State.LOST: 3,
        State.NEW: 1,
        State.DAMAGED: 2,
        State.UNREADABLE: 1,
        State.NO_DATA: 1,
        State.ORPHANED: 1,
    }
    by_state = {row.state: row for row in report.messages}
    assert by_state[State.NO_DATA].queue_id == "6AMKCV0Q008579"
    assert by_state[State.ORPHANED].queue_id == "6AMKorphan001"
    assert "symbolic links" in by_state[State.UNREADABLE].reason


def test_a_retry_in_progress_is_one_message(host: HostConfig) -> None:
    shutil.copy(host.spool / "qf6AMKCPLp007524", host.spool / "tf6AMKCPLp007524")
    summary = reports(host)["sympa"].summary

    assert summary is not None
    assert summary.states == {State.WAITING: 18, State.HELD: 1, State.LOST: 1}


def test_a_person_looks_at_any_directory() -> None:
    said = StringIO()
    call_command("scan_spool", str(DATA / "spool"), "--json", stdout=said)
    found = json.loads(said.getvalue())
    assert found["summary"]["states"] == {"waiting": 18, "held": 1, "lost": 1}
    assert len(found["messages"]) == 20

    said = StringIO()
    call_command("scan_spool", str(DATA / "multidir/q*"), stdout=said)
    assert said.getvalue().startswith("8 messages, ")
    said = StringIO()
    call_command("scan_spool", str(DATA / "spool"), "--count", stdout=said)
    assert said.getvalue() == "19\n"
    with pytest.raises(CommandError, match="/gone cannot be read: No such file or directory"):
        call_command("scan_spool", "/gone")
