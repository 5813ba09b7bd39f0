"""The real agent application with one verb of the tests: it says what it did in a file.

Started as a process of its own; `observe` appends its note to the file `effects` in the directory
`kept` of its configuration, and then does what its arguments ask for.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from mailadmin.agent.app import make_app, run_worker
from mailadmin.agent.carry_out import VerbTable
from mailadmin.agent.config import load_config
from mailadmin.wire.core.canonical import Json
from mailadmin.wire.core.messages import Role, Verb
from mailadmin.wire.core.results import VerbResult, done
from routing.agent.host import HostConfig


def observe(host: HostConfig, arguments: Mapping[str, Json], blob: bytes | None) -> VerbResult:
    with (host.kept / "effects").open("a") as effects:
        effects.write(f"{arguments['note']}\n")
    _misbehave(host, str(arguments.get("then", "")))
    return done({"note": arguments["note"]}, None if blob is None else blob[::-1])


def _misbehave(host: HostConfig, then: str) -> None:
    if then == "raise":
        raise RuntimeError("as asked, with \udcff in it")
    if then == "wait":
        while not (host.kept / "go").exists():
            time.sleep(0.02)
    if then == "die once" and not (host.kept / "died").exists():
        (host.kept / "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)


VERBS: VerbTable = {(Role.DEPLOY, Verb.OBSERVE): observe, (Role.SPOOL, Verb.OBSERVE): observe}

if __name__ == "__main__":
    agent_config = load_config(Path(sys.argv[1]))
    run_worker(make_app(agent_config, VERBS), agent_config)
