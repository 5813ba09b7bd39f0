"""Configuration file and key of each sandboxed agent: what an admin writes on a mail host."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.sandbox.hosts import give_to, write_file
from deploy.sandbox.layout import Sandbox, SandboxAgent
from mailadmin.wire.keys import generate, write_public

KEY = "agent.key"
PUBLIC_KEY = "agent.pub"


def make_agent_keys(sandbox: Sandbox) -> None:
    """Each agent's own key, in its own directory; one that is there is never replaced."""
    for agent in sandbox.agents:
        key = agent.home / KEY
        if not key.exists():
            write_public(agent.home / PUBLIC_KEY, generate(key).public_key())
            give_to(key, agent.user)
            give_to(agent.home / PUBLIC_KEY, agent.user)


def write_agent_configs(sandbox: Sandbox, control_public_key: Path) -> None:
    """Write agent.toml of each agent, and to each host the public key of the control plane."""
    for tree in (sandbox.listes, sandbox.smtp1):
        write_file(tree.etc / "control.pub", control_public_key.read_text(), 0o644)
    for agent in sandbox.agents:
        write_file(agent.config, agent_toml(sandbox, agent), 0o600, agent.user)


def agent_toml(sandbox: Sandbox, agent: SandboxAgent) -> str:
    top = {
        "host": agent.host,
        "role": agent.role.value,
        "broker_url_file": agent.home / "broker-url",
        "control_public_key": agent.tree.etc / "control.pub",
        "private_key": agent.home / KEY,
        "state_dir": agent.home,
    }
    lines = [toml_line(name, value) for name, value in top.items()]
    host = [toml_line(name, value) for name, value in mail_host(sandbox, agent).items()]
    return "\n".join([*lines, "", "[mail_host]", *host]) + "\n"


def mail_host(sandbox: Sandbox, agent: SandboxAgent) -> dict[str, str | int | Path]:
    """The facts that no program can find out by itself."""
    tree, tools = agent.tree, sandbox.tools
    return {
        "fqdn": tree.fqdn,
        "kind": agent.kind.value,
        "routing": tree.routing,
        "spool": tree.spool,
        "run_dir": tree.run,
        "kept": tree.kept,
        "dead_letter": tree.dead_letter,
        "sendmail": tools.sendmail,
        "makemap": tools.makemap,
        "m4": tools.m4,
        "cf_dir": tools.cf_dir,
        "wrapper": tree.wrapper,
        "owner": tree.users.spool,
        "group": tree.group,
        "trusted_user": tree.users.spool,
        "local_mta_port": sandbox.ports.mta,
        "service_switch": str(tree.service_switch),
    }


def toml_line(name: str, value: str | int | Path) -> str:
    """A JSON string of plain characters is a TOML string too."""
    return f"{name} = {value if isinstance(value, int) else json.dumps(str(value))}"
