"""An agent runs where Django is not installed."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from mailadmin.wire.names import task_queue
from tests.fixtures.sandbox import CHECKOUT, wait_until
from tests.integration.wire.conftest import AgentPlace, Redis

FORBIDDEN = ("django", "allauth", "environ", "psycopg")

# Stands before everything else on sys.meta_path and fails whoever looks for these packages.
BLOCKER = f"""
import importlib.abc, sys

class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {FORBIDDEN!r}:
            raise ImportError(name + " is not installed on a mail host")

sys.meta_path.insert(0, Blocker())
"""

START = """
import mailadmin.agent.__main__ as program, pkgutil, sys
import mailadmin.agent, routing.agent, spools.agent

for package in (mailadmin.agent, routing.agent, spools.agent):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        __import__(module.name)
found = sorted(name for name in sys.modules if name.partition(".")[0] in FORBIDDEN)
assert found == [], found
sys.exit(program.main(sys.argv[1:]))
"""


def test_every_module_of_the_agents_loads_and_the_program_starts_where_django_is_blocked(
    agent: Callable[..., AgentPlace], own_redis: Redis
) -> None:
    text = f"{BLOCKER}\nFORBIDDEN = {FORBIDDEN!r}\n{START}"

    start_and_see(agent(), own_redis, [sys.executable, "-c", text])


def test_the_agents_own_environment_has_no_django_and_is_enough(
    agent: Callable[..., AgentPlace], own_redis: Redis, var_dir: Path
) -> None:
    python = var_dir / "agent-venv/bin/python"
    assert python.exists(), "deploy/sandbox/prepare.sh test makes it"
    for name in FORBIDDEN:
        probe = subprocess.run(
            [python, "-c", f"import {name}"], capture_output=True, check=False, cwd="/"
        )
        assert b"ModuleNotFoundError" in probe.stderr

    start_and_see(agent(), own_redis, [str(python), "-m", "mailadmin.agent"])


def start_and_see(place: AgentPlace, own_redis: Redis, argv: list[str]) -> None:
    """The program runs as it is started on a mail host, and waits for orders in Redis."""
    log = place.directory / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*argv, "run", "--config", str(place.config)],
            cwd=CHECKOUT,
            env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "mailadmin.settings"},
            stdout=out,
            stderr=out,
        )
    place.running.append(process)
    wait_until(
        lambda: " ready." in place.log or process.poll() is not None,
        "the agent is ready or has ended",
    )
    assert process.poll() is None, place.log
    with own_redis.client() as admin:
        users = [client["user"] for client in admin.client_list()]
    assert task_queue(place.host, place.role) in users


def test_a_wrong_configuration_ends_with_every_fault_and_the_code_for_it(
    agent: Callable[..., AgentPlace],
) -> None:
    place = agent()
    place.config.write_text("host = 3\n")

    ended = subprocess.run(
        [sys.executable, "-m", "mailadmin.agent", "run"],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "MAILADMIN_AGENT_CONFIG": str(place.config)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert ended.returncode == 78
    assert ended.stdout == ""
    lines = ended.stderr.splitlines()
    assert len(lines) >= 6
    assert all(line.startswith(f"{place.config}: ") for line in lines)
