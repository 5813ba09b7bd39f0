"""The configuration file of each sandboxed agent: what an admin writes on a mail host."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.sandbox.hosts import write_file
from deploy.sandbox.layout import Sandbox, SandboxAgent

Value = str | int | Path | list[Path]


def write_agent_configs(sandbox: Sandbox) -> None:
    """Write agent.toml of each agent; `manage.py keys` puts the keys beside it."""
    for agent in sandbox.agents:
        write_file(agent.config, agent_toml(sandbox, agent), 0o600, agent.user)


def agent_toml(sandbox: Sandbox, agent: SandboxAgent) -> str:
    top = {
        "host": agent.host,
        "role": agent.role.value,
        "broker_url_file": agent.home / "broker-url",
        "control_public_key": agent.home / "control.pub",
        "private_key": agent.home / "agent.key",
        "state_dir": agent.home,
    }
    lines = [toml_line(name, value) for name, value in top.items()]
    host = [toml_line(name, value) for name, value in mail_host(sandbox, agent).items()]
    return "\n".join([*lines, "", "[mail_host]", *host]) + "\n"


def mail_host(sandbox: Sandbox, agent: SandboxAgent) -> dict[str, Value]:
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
        "existing_cf": tree.baked_cf,
        "existing_mc": tree.baked_cf.with_name("sympa.mc"),
        "existing_mailertable": tree.table_before,
        "existing_sympa_conf": tree.baked_cf.with_name("sympa.conf"),
        "existing_robots": tree.sympa,
        "mta_local_names": [tree.mta_local_names],
        "mta_relay_domains": [tree.mta_relay_domains],
    }


def toml_line(name: str, value: Value) -> str:
    """A JSON string of plain characters is a TOML string too, and a list of such a list."""
    if isinstance(value, list):
        return f"{name} = {json.dumps([str(path) for path in value])}"
    return f"{name} = {value if isinstance(value, int) else json.dumps(str(value))}"
