"""Brings a prepared sandbox up and keeps it up until Ctrl-C: what ./run does after prepare.sh.

    .venv/bin/python -m deploy.sandbox.up [--port PORT] [--no-demo] [--reset]

The place, the tools and the agents' environment come from MAILADMIN_VAR, MAILADMIN_TOOLS and
MAILADMIN_AGENT_VENV.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import FrameType

from deploy.sandbox import content
from deploy.sandbox.agents import write_agent_configs
from deploy.sandbox.demo_people import DEMO_PEOPLE
from deploy.sandbox.layout import (
    CHECKOUT,
    Sandbox,
    check_ports,
    install_wrapper,
    make_sandbox,
)
from deploy.sandbox.processes import sandbox_processes
from deploy.sandbox.supervise import Stack
from deploy.sandbox.tools import SandboxError, find_tools

# What --reset removes; tools, environments and logs stay.
PLACES = ("hosts", "redis", "control", "keys", "sinks", "demo")
STATE = (*PLACES, "sandbox.json", "outside.json", "mailadmin.sqlite3*")
WATCH_S = 1.0
ACCOUNTS = (("making the demonstration's accounts", content.create_people),)
# People, a first revision from the seed's own table, a push to approve.
EXAMPLE = (
    *ACCOUNTS,
    ("importing the example's mailertable", content.import_table),
    ("setting the fallback policy", content.set_fallback),
    ("proposing a push", content.propose_demo_push),
    ("submitting messages that have to wait", content.leave_some_waiting),
)


def main() -> int:
    """Exit code 0 after Ctrl-C, 1 with a text when something does not start or ends."""
    options = parse_options()
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, interrupt)
    os.umask(0o022)
    try:
        return run(options)
    except KeyboardInterrupt:
        return 0
    except SandboxError as error:
        print(f"\n./run: {error}", file=sys.stderr)
        return 1


def run(options: argparse.Namespace) -> int:
    sandbox, stack = open_sandbox(
        environment_place(), reset=options.reset, port=options.port, demo=options.demo
    )
    try:
        bring_up(sandbox, stack)
        say(welcome(sandbox, has_outside="outside" in stack.processes))
        watch(stack)
    except KeyboardInterrupt:
        say("stopping")
        return 0
    finally:
        # A second Ctrl-C must not leave processes behind.
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, signal.SIG_IGN)
        stack.stop_all()
        say("stopped")
    return 0


def open_sandbox(
    place: tuple[Path, Path, Path],
    *,
    reset: bool = False,
    port: int | None = None,
    demo: bool = True,
    env: Mapping[str, str] | None = None,
) -> tuple[Sandbox, Stack]:
    """Lay the sandbox out and take its lock; nothing runs yet.

    `place` is the directory of the state, of sendmail's tools and of the agents' environment;
    `env` is added to what the control plane is told. Raises SandboxError.
    """
    var, tools, agent_venv = place
    # The lock comes first: a sandbox that runs must not lose its state.
    Stack(var, []).stop_all()
    if reset:
        remove_state(var)
    sandbox = make_sandbox(var, find_tools(tools), agent_venv, port, demo=demo)
    if not demo and content.was_done(sandbox, content.create_people):
        raise SandboxError(
            f"{var} holds the demonstration's accounts, whose passwords are public; name another"
            " place with --var, or throw this one away with --reset"
        )
    stack = Stack(var, sandbox_processes(sandbox, env))
    check_ports(sandbox.ports)
    return sandbox, stack


def bring_up(sandbox: Sandbox, stack: Stack, *, example: bool = True) -> None:
    """From a layout to a dashboard with its content; each step can be run again.

    Without `example` a demonstration has its accounts, and a list server that runs nothing of ours.
    """
    say("building the wrapper and the hosts' configuration")
    install_wrapper(sandbox)
    say("migrating the database, registering hosts and keys")
    content.make_tables(sandbox)
    write_agent_configs(sandbox)
    say("starting Redis, web, control worker, beat, agents and sinks")
    stack.start_ready()
    if sandbox.demo:
        fill(sandbox, EXAMPLE if example else ACCOUNTS)


def fill(sandbox: Sandbox, steps: Iterable[tuple[str, Callable[[Sandbox], None]]]) -> None:
    """What of them was not done before."""
    for what, step in steps:
        if not content.was_done(sandbox, step):
            say(what)
            content.once(sandbox, step)


def remove_state(var: Path) -> None:
    """Everything but tools, environments and logs."""
    for path in [found for pattern in STATE for found in var.glob(pattern)]:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def watch(stack: Stack) -> None:
    """Until Ctrl-C. Raises SandboxError when a process ends by itself."""
    while (story := stack.first_dead()) is None:
        time.sleep(WATCH_S)
    raise SandboxError(story)


def welcome(sandbox: Sandbox, *, has_outside: bool) -> str:
    """The last lines before waiting: where to go and how to sign in."""
    lines = [f"ready: {sandbox.address}", ""]
    if sandbox.demo:
        lines += [
            f"          {person.username:8} {person.password:22} {', '.join(person.roles)}"
            for person in DEMO_PEOPLE
        ]
    else:
        account = "create_person NAME --name 'Full Name' --role administrator"
        lines.append(f"          make an account: {sandbox.manage} {account}")
    if not has_outside:
        why = "nobody may listen on port 25 here: past the relay, mail finds nobody"
        lines += ["", f"          {why} (docs/sandbox.md)"]
    lines += ["", f"          state and logs in {sandbox.var}; Ctrl-C stops everything"]
    return "\n".join(lines)


def environment_place() -> tuple[Path, Path, Path]:
    try:
        names = ("MAILADMIN_VAR", "MAILADMIN_TOOLS", "MAILADMIN_AGENT_VENV")
        var, tools, agent_venv = (Path(os.environ[name]) for name in names)
    except KeyError as missing:
        raise SandboxError(f"{missing} is not set; start with ./run") from None
    return var, tools, agent_venv


def say(text: str) -> None:
    """A line with the seconds since ./run began (BEGAN, seconds since 1970)."""
    elapsed = time.time() - float(os.environ.get("BEGAN", BEGAN))
    print(f"{elapsed:6.1f} s  {text}", flush=True)


BEGAN = time.time()


def interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run", description="Brings the dashboard up.")
    parser.add_argument("--port", type=int, help="of the dashboard (default: 8000, if free)")
    parser.add_argument("--no-demo", dest="demo", action="store_false", help="no example data")
    parser.add_argument("--reset", action="store_true", help="start from nothing again")
    return parser.parse_args()


if __name__ == "__main__":
    os.chdir(CHECKOUT)
    sys.exit(main())
