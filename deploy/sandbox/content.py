"""What a new sandbox holds: tables, keys, people, the example's mailertable, a push to approve.

Every step is a command that a site would run too; each does nothing where it was done.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.sandbox.demo_people import DEMO_PEOPLE, DemoPerson
from deploy.sandbox.layout import (
    CHECKOUT,
    LIST_SERVER,
    LOCAL_HOST,
    SEED_TABLE,
    Sandbox,
    control_environment,
)
from deploy.sandbox.outside import LATER
from deploy.sandbox.submit import submit
from deploy.sandbox.tools import SandboxError

MANAGE_S = 300
ALWAYS_WAIT = 24
"""Messages of the first start that nobody takes."""


@dataclass(frozen=True, slots=True)
class Command:
    """A management command, and what is typed into it."""

    arguments: Sequence[str]
    typed: str = ""


def manage(sandbox: Sandbox, *commands: Command) -> None:
    """Run management commands. Raises SandboxError when one fails; the others are not run then."""
    ran = subprocess.run(
        [sys.executable, "-m", "deploy.sandbox.batch"],
        input=json.dumps([[list(command.arguments), command.typed] for command in commands]),
        capture_output=True,
        text=True,
        timeout=MANAGE_S,
        cwd=CHECKOUT,
        env=control_environment(sandbox),
        check=False,
    )
    if ran.returncode != 0:
        names = ", ".join(command.arguments[0] for command in commands)
        raise SandboxError(f"manage.py {names} failed:\n{ran.stdout}{ran.stderr}")


def make_tables(sandbox: Sandbox) -> None:
    """The database as the code wants it, the mail hosts, and a registered key for each agent."""
    hosts = [] if was_done(sandbox, add_hosts) else add_hosts(sandbox)
    manage(sandbox, Command(["migrate", "--no-input", "--verbosity=0"]), *hosts, _keys(sandbox))
    done_mark(sandbox, add_hosts).touch()


def add_hosts(sandbox: Sandbox) -> list[Command]:
    """The commands that add the mail hosts, in order of activation."""
    kinds = {agent.host: agent.kind for agent in sandbox.agents}
    return [
        Command(["add_mail_host", name, f"--kind={kind.value}", f"--position={position}"])
        for position, (name, kind) in enumerate(kinds.items())
    ]


def _keys(sandbox: Sandbox) -> Command:
    """The signing key of the control plane too."""
    arguments = ["keys"]
    for agent in sandbox.agents:
        arguments += ["--agent", agent.host, agent.role.value, "--out", str(agent.home)]
    return Command(arguments)


def create_people(sandbox: Sandbox) -> None:
    """The demonstration's accounts."""
    manage(sandbox, *map(_account, DEMO_PEOPLE))


def _account(person: DemoPerson) -> Command:
    roles = [argument for role in person.roles for argument in ("--role", role)]
    named = [person.username, f"--name={person.name}", *roles, "--if-missing"]
    return Command(["create_person", *named], typed=person.password + "\n")


def import_table(sandbox: Sandbox) -> None:
    """The seed's own table as the first revision."""
    options = [f"--host={LIST_SERVER}", f"--relay-port={sandbox.ports.relay}", "--wait=60"]
    manage(sandbox, Command(["import_mailertable", str(SEED_TABLE), *options]))


def set_fallback(sandbox: Sandbox) -> None:
    """A policy that asks while somebody watches: after a minute, not after half an hour, and for
    more than what always waits here. A person still answers.
    """
    options = ("--mode=ask", "--age=1", f"--depth={ALWAYS_WAIT + 6}", "--pause=1", "--most-runs=50")
    why = "--reason=The demonstration: it is to ask while somebody watches."
    manage(sandbox, Command(["fallback_policy", LIST_SERVER, *options, why]))


def propose_demo_push(sandbox: Sandbox) -> None:
    """A push of the editor that waits for the approver."""
    manage(sandbox, Command(["demo"]))


def leave_some_waiting(sandbox: Sandbox) -> None:
    """Messages that nobody takes today: the pages of spools have something to show."""
    submit(sandbox.listes.path, ALWAYS_WAIT, (*LATER, LOCAL_HOST))


def once(sandbox: Sandbox, step: Callable[[Sandbox], None]) -> None:
    """Run a step of the first start; what an interrupted start had done is not done again."""
    if not was_done(sandbox, step):
        step(sandbox)
        done_mark(sandbox, step).touch()


def was_done(sandbox: Sandbox, step: Callable[[Sandbox], object]) -> bool:
    return done_mark(sandbox, step).exists()


def done_mark(sandbox: Sandbox, step: Callable[[Sandbox], object]) -> Path:
    return sandbox.control / f"done-{step.__name__}"
