"""What a new sandbox holds: tables, keys, people, the example's mailertable, a push to approve.

Every step is a command that a site would run too; each does nothing where it was done.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.sandbox.demo_people import DEMO_PEOPLE
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


def manage(sandbox: Sandbox, *arguments: str, stdin: str = "") -> str:
    """Run a management command and return what it prints. Raises SandboxError when it fails."""
    ran = subprocess.run(
        [sys.executable, str(CHECKOUT / "manage.py"), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=MANAGE_S,
        cwd=CHECKOUT,
        env=control_environment(sandbox),
        check=False,
    )
    if ran.returncode != 0:
        command = " ".join(arguments)
        raise SandboxError(f"manage.py {command} failed:\n{ran.stdout}{ran.stderr}")
    return ran.stdout


def migrate(sandbox: Sandbox) -> None:
    manage(sandbox, "migrate", "--no-input", "--verbosity=0")


def make_keys(sandbox: Sandbox) -> None:
    """The signing key of the control plane, and a registered key for each agent."""
    arguments: list[str] = []
    for agent in sandbox.agents:
        arguments += ["--agent", agent.host, agent.role.value, "--out", str(agent.home)]
    manage(sandbox, "keys", *arguments)


def create_people(sandbox: Sandbox) -> None:
    """The demonstration's accounts."""
    for person in DEMO_PEOPLE:
        roles = [argument for role in person.roles for argument in ("--role", role)]
        manage(
            sandbox,
            "create_person",
            person.username,
            f"--name={person.name}",
            *roles,
            "--if-missing",
            stdin=person.password + "\n",
        )


def add_hosts(sandbox: Sandbox) -> None:
    """The two mail hosts, in order of activation."""
    kinds = {agent.host: agent.kind for agent in sandbox.agents}
    for position, (name, kind) in enumerate(kinds.items()):
        manage(sandbox, "add_mail_host", name, f"--kind={kind.value}", f"--position={position}")


def import_table(sandbox: Sandbox) -> None:
    """The seed's own table as the first revision."""
    options = [f"--host={LIST_SERVER}", f"--relay-port={sandbox.ports.relay}", "--wait=60"]
    manage(sandbox, "import_mailertable", str(SEED_TABLE), *options)


def set_fallback(sandbox: Sandbox) -> None:
    """A policy that asks while somebody watches: after a minute, not after half an hour, and for
    more than what always waits here. A person still answers.
    """
    options = ("--mode=ask", "--age=1", f"--depth={ALWAYS_WAIT + 6}", "--pause=1", "--most-runs=50")
    why = "--reason=The demonstration: it is to ask while somebody watches."
    manage(sandbox, "fallback_policy", LIST_SERVER, *options, why)


def propose_demo_push(sandbox: Sandbox) -> None:
    """A push of the editor that waits for the approver."""
    manage(sandbox, "demo")


def leave_some_waiting(sandbox: Sandbox) -> None:
    """Messages that nobody takes today: the pages of spools have something to show."""
    submit(sandbox.listes.path, ALWAYS_WAIT, (*LATER, LOCAL_HOST))


def once(sandbox: Sandbox, step: Callable[[Sandbox], None]) -> None:
    """Run a step of the first start; what an interrupted start had done is not done again."""
    if not was_done(sandbox, step):
        step(sandbox)
        done_mark(sandbox, step).touch()


def was_done(sandbox: Sandbox, step: Callable[[Sandbox], None]) -> bool:
    return done_mark(sandbox, step).exists()


def done_mark(sandbox: Sandbox, step: Callable[[Sandbox], None]) -> Path:
    return sandbox.control / f"done-{step.__name__}"
