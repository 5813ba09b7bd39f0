"""The processes of a sandbox: how each starts, and how to see that it is ready."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

import redis

from deploy.sandbox.broker import redis_environment
from deploy.sandbox.layout import CHECKOUT, Sandbox, SandboxAgent, control_environment
from deploy.sandbox.outside import LATER, SMTP_PORT
from deploy.sandbox.supervise import Process
from deploy.sandbox.tools import find_program
from mailadmin.wire.broker import QUIET_WORKER
from mailadmin.wire.core.messages import Role
from mailadmin.wire.names import CONTROL_QUEUE, CONTROL_USER, REPORTS_QUEUE

SINK = Path(__file__).resolve().parent / "sink.py"
EVERY = Path(__file__).resolve().parent / "every.py"
QUEUE_RUN_S = 30
"""A tenth of what a mail host has: somebody watches here."""


def sandbox_processes(sandbox: Sandbox, env: Mapping[str, str] | None = None) -> list[Process]:
    """All of them, in the order in which they start; `env` is added to the control plane's."""
    control = control_environment(sandbox) | dict(env or {})
    return [
        redis_process(sandbox),
        sink_process(sandbox, "mta", f"127.0.0.1:{sandbox.ports.mta}"),
        sink_process(sandbox, "relay", f"127.0.0.1:{sandbox.ports.relay}"),
        *outside_processes(sandbox),
        web_process(sandbox, control),
        control_process("control", control, "worker", f"--queues={CONTROL_QUEUE},{REPORTS_QUEUE}"),
        beat_process(sandbox, control),
        *(agent_process(sandbox, agent) for agent in sandbox.agents),
        *(
            queue_run_process(sandbox, agent)
            for agent in sandbox.agents
            if agent.role is Role.SPOOL
        ),
    ]


def redis_process(sandbox: Sandbox) -> Process:
    def ready(_: str) -> bool:
        try:
            with redis.Redis.from_url(sandbox.broker.url(CONTROL_USER)) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    argv = [find_program("redis-server"), str(sandbox.broker.config)]
    return Process("redis", argv, ready, redis_environment(), sandbox.broker.directory, layer=0)


def sink_process(sandbox: Sandbox, name: str, *places: str) -> Process:
    """A mail server at these places. All but the list server's own know which domains are full."""
    argv = [sys.executable, str(SINK), "--record", str(sandbox.record(name)), "--name", name]
    argv += ["--behaviour", str(sandbox.behaviour(name))]
    for place in places:
        argv += ["--listen", place]
    for domain, line in LATER.items() if name != "mta" else ():
        argv += ["--domain", f"{domain}={line}"]
    return Process(name, argv, says("listening "), redis_environment(), sandbox.var, layer=0)


def outside_processes(sandbox: Sandbox) -> list[Process]:
    """The mail servers of the outside: one process, where we may have port 25."""
    if not sandbox.outside.can_listen:
        return []
    addresses = sandbox.outside.addresses.values()
    return [sink_process(sandbox, "outside", *(f"{host}:{SMTP_PORT}" for host in addresses))]


def web_process(sandbox: Sandbox, env: Mapping[str, str]) -> Process:
    argv = [sys.executable, "-m", "gunicorn", "mailadmin.wsgi:application"]
    argv += ["--bind", f"127.0.0.1:{sandbox.ports.web}", "--workers", "1", "--threads", "8"]
    argv += ["--graceful-timeout", "3"]
    return Process("web", argv, lambda _: web_answers(sandbox.address), env, CHECKOUT)


def web_answers(address: str) -> bool:
    """Whether the dashboard answers anything but a server error."""
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return error.code < 500
    except OSError:
        return False


def control_process(name: str, env: Mapping[str, str], *arguments: str) -> Process:
    argv = [sys.executable, "-m", "celery", "-A", "mailadmin", *arguments]
    argv += ["--concurrency=1", f"--hostname={name}@control", "--loglevel=INFO", *QUIET_WORKER]
    return Process(name, argv, says(" ready."), env, CHECKOUT)


def beat_process(sandbox: Sandbox, env: Mapping[str, str]) -> Process:
    argv = [sys.executable, "-m", "celery", "-A", "mailadmin", "beat", "--loglevel=INFO"]
    argv += [f"--schedule={sandbox.control / 'beat-schedule'}", "--pidfile="]
    return Process("beat", argv, says("beat: Starting..."), env, CHECKOUT)


def agent_process(sandbox: Sandbox, agent: SandboxAgent) -> Process:
    """The agent as it runs on a mail host: its own environment, user, host name and file."""
    command = agent_command(sandbox, agent, "run")
    return Process(agent.name, command, says(" ready."), redis_environment(), agent.tree.path)


def queue_run_process(sandbox: Sandbox, agent: SandboxAgent) -> Process:
    """The normal queue runner of a list server: a mail host has a timer for it."""
    run = agent_command(sandbox, agent, "run-queue")
    argv = [sys.executable, str(EVERY), str(QUEUE_RUN_S), *run]
    name = f"{agent.host}-queue-run"
    return Process(name, argv, says("every "), redis_environment(), agent.tree.path)


def agent_command(sandbox: Sandbox, agent: SandboxAgent, command: str) -> list[str]:
    """The argument list of a command of `mailadmin-agent` on this host."""
    argv = [find_program("env"), "PYTHONUNBUFFERED=1", str(sandbox.agent_venv / "bin/python")]
    argv += ["-m", "mailadmin.agent", command, "--config", str(agent.config)]
    return agent.tree.command(agent.user, argv)


def says(text: str) -> Callable[[str], bool]:
    return lambda output: text in output
