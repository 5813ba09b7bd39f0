"""The normal queue runner: real sendmail through the real wrapper, and what the record says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spools.agent.observe import observe
from spools.agent.queue_run import last_run
from spools.core.queue_run import QueueRun
from tests.fixtures.odd_mx import OddMx
from tests.fixtures.sandbox import Sink, wait_until
from tests.integration.runs.lab import Lab, make_lab
from tests.integration.wrapper.list_server import ListServer

NOBODY_LISTENS = 1
SECONDS = 120.0


def deferred(server: ListServer, port: int, *recipients: str) -> Lab:
    """A list server with one message each in its spool, which now goes to this port."""
    lab = make_lab(server, relay_port=NOBODY_LISTENS)
    for recipient in recipients:
        assert lab.submit(recipient)
    lab.server.clear_releases()
    return make_lab(server, relay_port=port)


def end(run: subprocess.Popen[bytes]) -> tuple[int, str]:
    out, err = run.communicate(timeout=SECONDS)
    return run.returncode, (out + err).decode()


def record(lab: Lab) -> QueueRun:
    found = last_run(lab.host())
    assert found is not None
    return found


def told(lab: Lab) -> dict[str, Any]:
    """What the agent says of it when it observes."""
    runner = observe(lab.host(), {}, None).body["runner"]
    assert isinstance(runner, dict)
    return runner


def pids_of(lab: Lab) -> list[int]:
    """The sendmails that walk through this spool: they stand in it, or name it yet."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
            exe, place = (entry / "exe").readlink(), (entry / "cwd").readlink()
        except OSError:
            continue
        ours = place == lab.tree.spool or os.fsencode(lab.tree.path) in words
        if exe == lab.server.tools.sendmail and ours:
            found.append(int(entry.name))
    return found


def test_what_waits_goes_by_the_live_release_and_the_record_says_so(
    server: ListServer, sink: Callable[..., Sink]
) -> None:
    relay = sink("relay")
    lab = deferred(server, relay.port, "a@renater.fr", "b@renater.fr")
    before = int(time.time())

    code, said = end(lab.run_queue())

    assert (code, relay.recipients(), lab.queue_ids()) == (0, ["a@renater.fr", "b@renater.fr"], [])
    run = record(lab)
    assert before <= run.began <= (run.ended or 0)
    assert (run.release, run.exit_code, run.stopped, run.said) == (lab.release, 0, "", "")
    assert (run.queued_before, run.queued_after, run.running) == (2, 0, False)
    assert f"with release {lab.release[:8]}: 2 messages before, 0 after" in said
    assert told(lab) == run.to_json()


def test_what_sendmail_says_at_the_end_is_in_the_record(server: ListServer) -> None:
    lab = deferred(server, NOBODY_LISTENS, "a@renater.fr")
    (server.releases / lab.release / "mailertable.db").unlink()

    code, said = end(lab.run_queue())

    assert code != 0
    assert "mailertable" in record(lab).said
    assert record(lab).exit_code == code
    assert "mailertable" in said


def test_two_at_once_are_impossible_also_when_the_first_was_killed(server: ListServer) -> None:
    with OddMx(slow={"CONNECT": 12.0}) as slow:
        lab = deferred(server, slow.port, "a@renater.fr")
        first = lab.run_queue()
        wait_until(lambda: last_run(lab.host()) is not None and record(lab).running, "it runs")

        assert end(lab.run_queue()) == (75, "A run goes on already.\n")
        first.kill()
        end(first)
        assert end(lab.run_queue()) == (75, "A run goes on already.\n")
        assert told(lab)["running"] is True

        wait_until(lambda: not record(lab).running, "sendmail ends", SECONDS)
        assert slow.recipients() == ["a@renater.fr"]
    assert record(lab).ended is None
    assert end(lab.run_queue())[0] == 0
    assert record(lab).ended is not None


def test_a_run_is_bounded_and_nothing_is_lost_by_its_end(
    server: ListServer, sink: Callable[..., Sink]
) -> None:
    with OddMx(slow={"CONNECT": 60.0}) as silent:
        lab = deferred(server, silent.port, "a@renater.fr")
        began = time.monotonic()
        code, _ = end(lab.run_queue("--seconds", "1"))
        assert time.monotonic() - began < 50
    assert (code, record(lab).stopped) == (137, "it was ended after 1 s")
    assert pids_of(lab) == []
    assert len(lab.queue_ids()) == 1

    relay = sink("relay")
    lab.server.clear_releases()
    lab = make_lab(server, relay_port=relay.port)
    assert end(lab.run_queue())[0] == 0
    assert (relay.recipients(), lab.queue_ids()) == (["a@renater.fr"], [])


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_waits_for_the_answer_to_a_whole_message(
    server: ListServer, signum: signal.Signals
) -> None:
    """Killed before it the message would come twice; those after it stay in the spool."""
    names = [f"{letter}@renater.fr" for letter in "abcdef"]
    with OddMx(slow={"END": 1.0, "MAIL": 0.2}) as slow:
        lab = deferred(server, slow.port, *names)
        run = lab.run_queue()
        wait_until(lambda: "END" in slow.seen, "a message is sent to its end")
        os.kill(last_child(run.pid), signum)
        code, _ = end(run)

        assert (code, record(lab).stopped) == (137, f"it was ended by {signum.name}")
        assert pids_of(lab) == []
        taken = slow.recipients()
        assert 1 <= len(taken) < len(names)
        assert record(lab).queued_after == len(names) - len(taken)
        assert end(lab.run_queue())[0] == 0
        assert slow.recipients() == names


def last_child(pid: int) -> int:
    """The program that as-host became, or its descendant of Python: itself, when it executes."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    words = Path(f"/proc/{pid}/cmdline").read_bytes()
    return pid if b"mailadmin.agent" in words or not children else last_child(int(children[0]))


def test_only_the_owner_of_the_spool_runs_it(server: ListServer) -> None:
    lab = deferred(server, NOBODY_LISTENS, "a@renater.fr")
    if os.geteuid() != 0:
        pytest.skip("there is one user only")
    refused = subprocess.run(
        lab.agent("run-queue", user="root"), capture_output=True, text=True, check=False
    )
    assert refused.returncode == 77
    assert f"Run this as {lab.tree.users.spool}" in refused.stderr
    assert last_run(lab.host()) is None


def test_without_a_wrapper_nothing_runs_and_it_says_so(server: ListServer) -> None:
    lab = deferred(server, NOBODY_LISTENS, "a@renater.fr")
    config = lab.state / "agent.toml"
    config.write_text(config.read_text().replace(str(lab.tree.wrapper), "/nowhere/sendmail"))

    code, said = end(lab.run_queue())

    assert (code, said) == (74, "/nowhere/sendmail cannot be used: No such file or directory.\n")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"began": "x"}', '{"began": 1, "said": 3}'])
def test_a_spoiled_record_is_none(server: ListServer, text: str) -> None:
    lab = deferred(server, NOBODY_LISTENS)
    place = lab.state / "queue-run"
    place.mkdir()
    (place / "last.json").write_text(text)

    assert last_run(lab.host()) is None
    assert observe(lab.host(), {}, None).body["runner"] == {}
    assert json.dumps(observe(lab.host(), {}, None).body)
