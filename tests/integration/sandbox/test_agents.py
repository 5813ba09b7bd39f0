"""The sandbox's agents are those of a mail host: own users, own environment, own Redis users."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.sandbox.agents import write_agent_configs
from deploy.sandbox.broker import free_port
from deploy.sandbox.hosts import give_to
from deploy.sandbox.layout import Sandbox, make_sandbox
from deploy.sandbox.processes import agent_process, redis_process
from deploy.sandbox.supervise import Stack
from deploy.sandbox.tools import SendmailTools
from mailadmin.wire.keys import generate, write_public


@pytest.fixture
def sandbox(scratch: Path, sendmail_tools: SendmailTools, var_dir: Path) -> Sandbox:
    made = make_sandbox(scratch, sendmail_tools, var_dir / "agent-venv", web_port=free_port())
    control = generate(made.var / "keys/control.key").public_key()
    for agent in made.agents:
        generate(agent.home / "agent.key")
        write_public(agent.home / "control.pub", control)
        give_to(agent.home / "agent.key", agent.user)
    write_agent_configs(made)
    return made


@pytest.fixture
def stack(sandbox: Sandbox) -> Iterator[Stack]:
    agents = [agent_process(sandbox, agent) for agent in sandbox.agents]
    stack = Stack(sandbox.var, [redis_process(sandbox), *agents])
    yield stack
    stack.stop_all()


def test_every_agent_starts_as_its_own_user(sandbox: Sandbox, stack: Stack) -> None:
    stack.start_ready()
    for agent in sandbox.agents:
        process = Path(f"/proc/{stack.running[agent.name].popen.pid}")
        assert process.owner() == agent.user
        assert (process / "cwd").samefile(agent.tree.path)


def test_an_agent_outlives_a_redis_that_was_killed(stack: Stack) -> None:
    stack.start_ready()
    stack.kill("redis")
    stack.start_ready("redis")
    assert stack.first_dead() is None


def test_agents_run_without_django(sandbox: Sandbox) -> None:
    code = "import mailadmin.agent.verbs, sys; sys.exit('django' in sys.modules)"
    python = sandbox.agent_venv / "bin/python"
    assert subprocess.run([python, "-c", code], cwd="/", check=False).returncode == 0
    missing = subprocess.run(
        [python, "-c", "import django"], cwd="/", capture_output=True, check=False
    )
    assert b"No module named 'django'" in missing.stderr
