"""The stack starts, kills and stops processes, and leaves none behind."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from deploy.sandbox.broker import free_port, port_is_free
from deploy.sandbox.layout import Sandbox, check_ports, make_sandbox
from deploy.sandbox.processes import redis_process, says, sink_process
from deploy.sandbox.supervise import Process, Stack, identity
from deploy.sandbox.tools import SandboxError, SendmailTools
from mailadmin.wire.core.messages import Role
from mailadmin.wire.names import CONTROL_USER, redis_user, task_queue
from tests.fixtures.sandbox import wait_until


@pytest.fixture
def sandbox(scratch: Path, sendmail_tools: SendmailTools, var_dir: Path) -> Sandbox:
    return make_sandbox(scratch, sendmail_tools, var_dir / "agent-venv", web_port=free_port())


@pytest.fixture
def stack(sandbox: Sandbox) -> Iterator[Stack]:
    processes = [
        redis_process(sandbox),
        sink_process(sandbox, "relay", f"127.0.0.1:{sandbox.ports.relay}"),
    ]
    stack = Stack(sandbox.var, processes)
    yield stack
    stack.stop_all()


def small(name: str, code: str, ready: str = "") -> Process:
    """A process of a few lines of Python."""
    return Process(name, [sys.executable, "-u", "-c", code], says(ready))


def gone(pid: int) -> bool:
    return identity(pid).endswith("gone") or " Z " in Path(f"/proc/{pid}/stat").read_text()


def test_redis_and_a_sink_start_work_and_stop(sandbox: Sandbox, stack: Stack) -> None:
    stack.start_ready()
    with redis.Redis.from_url(sandbox.broker.url(CONTROL_USER)) as client:
        assert client.set("control.x", "1")
    with smtplib.SMTP("127.0.0.1", sandbox.ports.relay) as client:
        assert client.noop()[0] == 250
    stack.stop_all()
    assert port_is_free(sandbox.ports.redis)
    assert port_is_free(sandbox.ports.relay)
    assert list((sandbox.var / "run").glob("*.pid")) == []


def test_a_killed_redis_starts_again_empty(sandbox: Sandbox, stack: Stack) -> None:
    stack.start_ready("redis")
    with redis.Redis.from_url(sandbox.broker.url(CONTROL_USER)) as client:
        client.set("control.x", "1")
    stack.kill("redis")
    assert not stack.alive("redis")
    stack.start_ready("redis")
    with redis.Redis.from_url(sandbox.broker.url(CONTROL_USER)) as client:
        assert client.get("control.x") is None


def test_one_agent_cannot_read_what_is_anothers(sandbox: Sandbox, stack: Stack) -> None:
    stack.start_ready("redis")
    own, other = task_queue("listes", Role.DEPLOY), task_queue("listes", Role.SPOOL)
    with redis.Redis.from_url(sandbox.broker.url(redis_user("listes", Role.DEPLOY))) as agent:
        assert agent.llen(own) == 0
        with pytest.raises(redis.exceptions.NoPermissionError):
            agent.llen(other)
        with pytest.raises(redis.exceptions.NoPermissionError):
            agent.lpush(other, "x")
        with pytest.raises(redis.exceptions.NoPermissionError):
            agent.rpop("reports")


def test_children_of_a_stopped_process_end_with_it(scratch: Path) -> None:
    code = "import subprocess as s; p = s.Popen(['sleep', '600']); print(p.pid, 'up'); p.wait()"
    stack = Stack(scratch, [small("parent", code, "up")])
    stack.start_ready()
    child = int(stack.output("parent").split()[0])
    stack.stop_all()
    wait_until(lambda: gone(child), "the child has ended")


def test_a_process_that_ignores_sigterm_is_killed(scratch: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(600)"
    stack = Stack(scratch, [small("deaf", code, "up")])
    stack.start_ready()
    stack.stop("deaf", seconds=0.2)
    assert not stack.alive("deaf")
    stack.stop_all()


def test_a_process_that_dies_at_its_start_is_told_with_the_end_of_its_log(scratch: Path) -> None:
    stack = Stack(scratch, [small("broken", "raise SystemExit('no such table')", "ready")])
    with pytest.raises(SandboxError, match="(?s)broken ended with exit code 1.*no such table"):
        stack.start_ready()
    stack.stop_all()


def test_a_process_that_dies_later_is_noticed(scratch: Path) -> None:
    stack = Stack(scratch, [small("short", "print('up')")])
    stack.start("short")
    wait_until(lambda: stack.first_dead() is not None, "the death is noticed")
    assert "short ended with exit code 0" in str(stack.first_dead())
    stack.stop_all()


def test_a_second_stack_in_the_same_place_is_refused(scratch: Path) -> None:
    first = Stack(scratch, [])
    with pytest.raises(SandboxError, match="running in .* already"):
        Stack(scratch, [])
    first.stop_all()
    Stack(scratch, []).stop_all()


def test_what_a_killed_stack_left_behind_is_ended_by_the_next(scratch: Path) -> None:
    left = subprocess.Popen(["sleep", "600"], start_new_session=True)
    stranger = subprocess.Popen(["sleep", "600"], start_new_session=True)
    pids = scratch / "run"
    pids.mkdir()
    (pids / "web.pid").write_text(identity(left.pid))
    # The number of a process that ended long ago and is another's now.
    (pids / "beat.pid").write_text(f"{stranger.pid} 1")
    Stack(scratch, []).stop_all()
    assert left.wait(5) == -signal.SIGKILL
    assert stranger.poll() is None
    os.kill(stranger.pid, signal.SIGKILL)
    stranger.wait(5)
    assert list(pids.glob("*.pid")) == []


def test_ports_passwords_and_keys_stay_when_made_again(
    sandbox: Sandbox, sendmail_tools: SendmailTools
) -> None:
    secrets = sorted((sandbox.var / "redis/passwords").iterdir())
    before = [file.read_text() for file in [*secrets, sandbox.control / "secret-key"]]
    again = make_sandbox(sandbox.var, sendmail_tools, sandbox.agent_venv)
    assert again.ports == sandbox.ports
    assert [f.read_text() for f in [*secrets, sandbox.control / "secret-key"]] == before


def test_secrets_are_readable_by_their_owner_alone(sandbox: Sandbox) -> None:
    private = [sandbox.control / "secret-key", sandbox.control / "broker-url"]
    private += [
        *(sandbox.var / "redis").glob("passwords/*"),
        sandbox.broker.directory / "users.acl",
    ]
    private += [agent.home / "broker-url" for agent in sandbox.agents]
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    assert [a.home.joinpath("broker-url").owner() for a in sandbox.agents] == [
        agent.user for agent in sandbox.agents
    ]


def test_a_taken_port_is_named(sandbox: Sandbox, stack: Stack) -> None:
    stack.start_ready("relay")
    with pytest.raises(SandboxError, match=f"relay {sandbox.ports.relay}"):
        check_ports(sandbox.ports)
