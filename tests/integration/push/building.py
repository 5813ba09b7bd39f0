"""Makes the site that all tests of this folder share: the real stack without its web process."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from django.core.management import call_command
from django.test import override_settings

from deploy.sandbox.agents import agent_toml, write_agent_configs
from deploy.sandbox.broker import free_port
from deploy.sandbox.hosts import make_directory, write_file
from deploy.sandbox.layout import (
    LIST_SERVER,
    SEED_TABLE,
    Sandbox,
    install_wrapper,
    make_sandbox,
)
from deploy.sandbox.processes import sandbox_processes
from deploy.sandbox.supervise import Stack
from deploy.sandbox.tools import SendmailTools
from mailadmin.audit.services import SETUP
from mailadmin.people.models import Person
from mailadmin.people.roles import PersonRole
from mailadmin.people.services import create_person
from mailadmin.wire.core.messages import Role
from routing.core.states import PushState
from routing.models import HostState
from routing.services.hosts import save_mail_host
from routing.services.importing import import_mailertable, read_mailertable
from tests.fixtures.sandbox import wait_until
from tests.integration.push.database import database_of
from tests.integration.push.site import Site

QUICK = {
    "MAILADMIN_TICK_SECONDS": "1",
    "MAILADMIN_OBSERVE_SECONDS": "4",
    "MAILADMIN_RESEND_SECONDS": "1",
}
PEOPLE = {
    "claire": ("Claire Martin", {PersonRole.EDITOR}),
    "luc": ("Luc Petit", {PersonRole.EDITOR, PersonRole.APPROVER}),
    "paul": ("Paul Leroy", {PersonRole.APPROVER}),
    "anne": ("Anne Roy", {PersonRole.APPROVER}),
}
PASSWORD = "correct horse battery staple"


def make_site(
    var: Path, tools: SendmailTools, agent_venv: Path, more: Mapping[str, str] | None = None
) -> Site:
    """A stopped site: hosts, keys, rows, programs that a test may exchange.

    `more` maps names of list servers beside `listes` to their full names.
    """
    sandbox = make_sandbox(var, tools, agent_venv, free_port(), demo=False, more=more)
    # Nothing runs through a spool unless a test does.
    stack = Stack(var, [p for p in sandbox_processes(sandbox, QUICK) if is_needed(p.name)])
    with database_of(var / "mailadmin.sqlite3"):
        return Site(sandbox, stack, fill(sandbox))


def is_needed(name: str) -> bool:
    """Whether the tests of this folder use a process of the sandbox."""
    return name != "web" and not name.endswith("-queue-run")


def fill(sandbox: Sandbox) -> dict[str, Person]:
    install_wrapper(sandbox)
    call_command("migrate", interactive=False, verbosity=0)
    make_keys(sandbox)
    write_agent_configs(sandbox)
    make_programs(sandbox)
    kinds = {agent.host: agent.kind for agent in sandbox.agents}
    for position, (name, kind) in enumerate(kinds.items()):
        save_mail_host(identity=None, name=name, kind=kind, position=position, by=SETUP)
    return {
        username: create_person(
            username=username, full_name=name, password=PASSWORD, roles=roles, by=SETUP
        )
        for username, (name, roles) in PEOPLE.items()
    }


def make_keys(sandbox: Sandbox) -> None:
    arguments: list[str] = []
    for agent in sandbox.agents:
        arguments += ["--agent", agent.host, agent.role.value, "--out", str(agent.home)]
    keys = sandbox.var / "keys"
    with (
        override_settings(
            SIGNING_KEY_FILE=str(keys / "control.key"),
            CONTROL_PUBLIC_KEY_FILE=str(keys / "control.pub"),
        ),
        (sandbox.var / "keys.txt").open("w") as said,
    ):
        call_command("keys", *arguments, stdout=said)


def make_programs(sandbox: Sandbox) -> None:
    """The deploy agent of the list server calls m4 and makemap through links of this site."""
    programs = sandbox.var / "programs"
    make_directory(programs, 0o755)
    agent = next(a for a in sandbox.agents if (a.host, a.role) == (LIST_SERVER, Role.DEPLOY))
    text = agent_toml(sandbox, agent)
    for program in (sandbox.tools.m4, sandbox.tools.makemap):
        link = programs / program.name
        link.symlink_to(program)
        text = text.replace(f'"{program}"', f'"{link}"')
    write_file(agent.config, text, 0o600, agent.user)


def start(site: Site) -> None:
    """Start everything and import the example's mailertable as the first release."""
    site.stack.start_ready()
    import_example(site)


def import_example(site: Site) -> None:
    """Make the example's mailertable the first release of the list server."""
    wait_until(lambda: facts_are_known(site), "the list server's first word", seconds=60)
    plan = read_mailertable(
        text=SEED_TABLE.read_text(),
        host=site.host,
        source=SEED_TABLE.name,
        relay_port=site.sandbox.ports.relay,
    )
    site.until(import_mailertable(plan=plan), PushState.ACTIVE)


def facts_are_known(site: Site) -> bool:
    return HostState.objects.filter(host=site.host, facts__isnull=False).exists()
