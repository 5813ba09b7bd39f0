"""One sandbox on disk: two mail hosts, a Redis, the ports; made once, and found again as it was.

VAR/sandbox.json    the ports
VAR/outside.json    where the domains of the outside are
VAR/hosts/NAME/     the mail hosts (hosts.py)
VAR/redis/          the broker and its passwords (broker.py)
VAR/control/        secrets of the control plane
VAR/sinks/          what the mail servers recorded, and what each of them does now
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.sandbox.baked import bake, name_robots, sandbox_facts
from deploy.sandbox.broker import Broker, free_port, make_broker, port_is_free
from deploy.sandbox.demo_people import as_setting
from deploy.sandbox.hosts import (
    HostTree,
    Users,
    make_directory,
    make_host,
    sandbox_users,
    write_file,
)
from deploy.sandbox.outside import Outside, draw_block
from deploy.sandbox.tools import SandboxError, SendmailTools
from mailadmin.wire.acl import acl_rules, control_rules
from mailadmin.wire.core.messages import Role
from mailadmin.wire.names import CONTROL_USER, redis_user
from routing.core.facts import HostKind

CHECKOUT = Path(__file__).resolve().parents[2]
SEED_TABLE = CHECKOUT / "deploy/sandbox/mailertable"
WEB_PORT = 8000
LIST_SERVER = "listes"
RELAY = "smtp1"
LIST_SERVER_FQDN = "listes.renater.fr"
RELAY_FQDN = "smtp1.renater.fr"
# The local host of the seed's table; nothing listens there, so mail for it waits.
LOCAL_HOST = "host.renater.fr"


@dataclass(frozen=True, slots=True)
class SandboxAgent:
    """One agent: on which host it runs, in which role, as which user, and where its files are."""

    host: str
    role: Role
    kind: HostKind
    tree: HostTree

    @property
    def name(self) -> str:
        return f"{self.host}-{self.role.value}"

    @property
    def user(self) -> str:
        return self.tree.users.deploy if self.role is Role.DEPLOY else self.tree.users.spool

    @property
    def home(self) -> Path:
        """Its journal, key, broker address and configuration file."""
        return self.tree.deploy if self.role is Role.DEPLOY else self.tree.spool_agent

    @property
    def config(self) -> Path:
        return self.home / "agent.toml"


@dataclass(frozen=True, slots=True)
class Ports:
    """All on 127.0.0.1. `mta` and `relay` are the two sinks."""

    web: int
    redis: int
    mta: int
    relay: int


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where everything of one sandbox is."""

    var: Path
    tools: SendmailTools
    agent_venv: Path
    ports: Ports
    users: Users
    listes: HostTree
    smtp1: HostTree
    broker: Broker
    outside: Outside
    demo: bool = True
    more: Mapping[str, HostTree] = field(default_factory=dict)

    @property
    def list_servers(self) -> dict[str, HostTree]:
        """`listes` and what a test has beside it, by name."""
        return {LIST_SERVER: self.listes, **self.more}

    @property
    def agents(self) -> tuple[SandboxAgent, ...]:
        """In the order in which they start."""
        return (
            *(
                SandboxAgent(name, role, HostKind.LIST_SERVER, tree)
                for name, tree in self.list_servers.items()
                for role in (Role.DEPLOY, Role.SPOOL)
            ),
            SandboxAgent(RELAY, Role.DEPLOY, HostKind.OUTGOING_RELAY, self.smtp1),
        )

    @property
    def control(self) -> Path:
        return self.var / "control"

    @property
    def manage(self) -> Path:
        """A script: manage.py of this sandbox."""
        return self.var / "manage"

    def record(self, sink: str) -> Path:
        """The file in which the sink `mta`, `relay` or `outside` records what was delivered."""
        return self.var / "sinks" / f"{sink}.jsonl"

    def behaviour(self, sink: str) -> Path:
        """The file that says what a sink does now (sink.py: BEHAVIOURS)."""
        return self.var / "sinks" / f"{sink}.behaviour"

    @property
    def address(self) -> str:
        """Where a browser finds the dashboard."""
        return f"http://127.0.0.1:{self.ports.web}/"


def make_sandbox(
    var: Path,
    tools: SendmailTools,
    agent_venv: Path,
    web_port: int | None = None,
    *,
    demo: bool = True,
    more: Mapping[str, str] | None = None,
) -> Sandbox:
    """Make what is missing of the sandbox in `var`; passwords, ports and keys stay as they were.

    `demo` is whether the example and its accounts with public passwords belong to it; `more` maps
    the names of list servers beside `listes` to their full names.
    """
    more = more or {}
    for directory in (var, var / "hosts", var / "sinks"):
        make_directory(directory, 0o755)
    make_directory(var / "control", 0o700)
    make_directory(var / "keys", 0o700)
    users, ports = sandbox_users(), remember_ports(var / "sandbox.json", web_port)
    outside = remember_outside(var / "outside.json")
    known = {RELAY_FQDN: "127.0.0.1", LOCAL_HOST: outside.nobody, **outside.addresses}
    sandbox = Sandbox(
        var=var,
        tools=tools,
        agent_venv=agent_venv,
        ports=ports,
        users=users,
        listes=make_host(var / "hosts" / LIST_SERVER, LIST_SERVER_FQDN, known, users),
        smtp1=make_host(var / "hosts" / RELAY, RELAY_FQDN, {}, users),
        broker=make_broker(var / "redis", ports.redis, redis_rules(more)),
        outside=outside,
        demo=demo,
        more={
            name: make_host(var / "hosts" / name, fqdn, known, users) for name, fqdn in more.items()
        },
    )
    write_secrets(sandbox)
    write_manage(sandbox)
    return sandbox


def redis_rules(more: Iterable[str] = ()) -> dict[str, list[str]]:
    """Each agent reaches its own keys only."""
    return {
        CONTROL_USER: control_rules(),
        **{
            redis_user(name, role): acl_rules(name, role)
            for name in (LIST_SERVER, *more)
            for role in (Role.DEPLOY, Role.SPOOL)
        },
        redis_user(RELAY, Role.DEPLOY): acl_rules(RELAY, Role.DEPLOY),
    }


def remember_ports(file: Path, web_port: int | None) -> Ports:
    """The ports of last time: those of the sinks are in the rows and releases by now.

    The dashboard's own may change, and does when another program has taken it.
    """
    kept = json.loads(file.read_text()) if file.exists() else {}
    ports = {name: kept.get(name) or free_port() for name in ("redis", "mta", "relay")}
    web = web_port or kept.get("web") or WEB_PORT
    if web_port is None and not port_is_free(web):
        web = free_port()
    chosen = Ports(web=web, **ports)
    write_file(file, json.dumps(asdict(chosen), indent=2) + "\n", 0o644)
    return chosen


def remember_outside(file: Path) -> Outside:
    """The block of last time, or one that is drawn now."""
    if not file.exists():
        write_file(file, json.dumps({"block": draw_block()}) + "\n", 0o644)
    return Outside(json.loads(file.read_text())["block"])


def check_ports(ports: Ports) -> None:
    """Raises SandboxError, naming every port that another program has taken."""
    taken = [f"{name} {port}" for name, port in asdict(ports).items() if not port_is_free(port)]
    if taken:
        raise SandboxError(
            f"another program listens on these ports of 127.0.0.1: {', '.join(taken)}; end it,"
            " or start with --port PORT for the dashboard, with --reset for the others"
        )


def write_secrets(sandbox: Sandbox) -> None:
    """The control plane's secret key, and to each program the address of Redis as its own user."""
    key = sandbox.control / "secret-key"
    if not key.exists():
        write_file(key, secrets.token_urlsafe(48), 0o600)
    write_file(sandbox.control / "broker-url", sandbox.broker.url(CONTROL_USER), 0o600)
    for agent in sandbox.agents:
        url = sandbox.broker.url(redis_user(agent.host, agent.role))
        write_file(agent.home / "broker-url", url, 0o600, agent.user)


PASSED_ON = (
    "MAILADMIN_DATABASE_URL",
    "MAILADMIN_DNS",
    "MAILADMIN_DNS_SERVERS",
    "MAILADMIN_DNS_SOURCES",
)
"""What the caller of ./run may set for its control plane; a database of theirs is never removed."""


def control_environment(sandbox: Sandbox) -> dict[str, str]:
    """What the web process, the control worker, beat and manage.py are told."""
    demo = {
        "MAILADMIN_DEMO": "true",
        "MAILADMIN_DEMO_ACCOUNTS": as_setting(),
        "MAILADMIN_DEMO_PLACE": str(sandbox.var),
        # Somebody watches: a relay is down after half of a site's time, and a policy may ask after
        # a minute (content.set_fallback).
        "MAILADMIN_PROBE_SECONDS": "15",
        "MAILADMIN_FALLBACK_LEAST_MINUTES": "1",
    }
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(sandbox.control),
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "mailadmin.settings",
        "MAILADMIN_VAR": str(sandbox.var),
        "MAILADMIN_SECRET_KEY_FILE": str(sandbox.control / "secret-key"),
        "MAILADMIN_BROKER_URL_FILE": str(sandbox.control / "broker-url"),
        "MAILADMIN_HTTPS": "false",
        # The example's names belong to others: what the DNS says of them is not about this sandbox.
        "MAILADMIN_DNS": "false",
        **(demo if sandbox.demo else {}),
        **{name: os.environ[name] for name in PASSED_ON if name in os.environ},
    }


def write_manage(sandbox: Sandbox) -> None:
    """A script that runs manage.py with the settings of this sandbox."""
    settings = [f"{name}={value}" for name, value in control_environment(sandbox).items()]
    command = ["env", *settings, sys.executable, "manage.py"]
    text = f'#!/bin/sh\ncd {shlex.quote(str(CHECKOUT))} || exit\nexec {shlex.join(command)} "$@"\n'
    write_file(sandbox.manage, text, 0o755)


def install_wrapper(sandbox: Sandbox) -> None:
    """Compile the program that Sympa calls, unless it is there and newer than its source.

    Every list server gets the configuration that it had before mailadmin came.
    """
    tree, source = sandbox.listes, CHECKOUT / "deploy/wrapper"
    for name, host in sandbox.list_servers.items():
        facts = sandbox_facts(host, name, sandbox.tools, sandbox.ports.mta)
        bake(host, facts, sandbox.tools, SEED_TABLE, sandbox.ports.relay)
        name_robots(host, SEED_TABLE)
    newest = max(file.stat().st_mtime for file in source.iterdir() if file.is_file())
    if tree.wrapper.exists() and tree.wrapper.stat().st_mtime > newest:
        return
    argv = [source / "build", "--out", tree.wrapper, "--routing", tree.routing]
    argv += ["--sendmail", sandbox.tools.sendmail, "--kept", tree.kept]
    argv += ["--owner", tree.users.spool, "--baked", tree.baked_cf]
    built = subprocess.run([*map(str, argv)], capture_output=True, text=True, check=False)
    if built.returncode != 0:
        raise SandboxError(f"the wrapper was not built:\n{built.stdout}{built.stderr}")
