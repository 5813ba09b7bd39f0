"""Run one verb as the agent of a host would: read it from standard input, print what it gave.

With `die_at` N, the process kills itself at its N-th change of the file system, as a power cut or
kill -9 would; without one the changes are counted and reported.
"""

from __future__ import annotations

import base64
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from mailadmin.wire.core.messages import Verb
from routing.agent.activate import activate
from routing.agent.confirm import confirm, revert
from routing.agent.host import HostConfig
from routing.agent.observe import observe
from routing.agent.prove import prove
from routing.agent.reading import read_files
from routing.agent.stage import stage
from routing.agent.survey import survey
from routing.core.facts import HostKind

PATHS = (
    "routing",
    "spool",
    "run_dir",
    "kept",
    "dead_letter",
    "sendmail",
    "makemap",
    "m4",
    "wrapper",
    "existing_cf",
    "existing_mc",
    "existing_mailertable",
    "existing_sympa_conf",
    "existing_robots",
    "existing_access",
    "existing_aliases",
)
LISTS = ("existing_class_w", "mta_local_names", "mta_relay_domains")
# Not the agents' own table: importing that costs more than most verbs do.
VERBS = {
    Verb.STAGE: stage,
    Verb.PROVE: prove,
    Verb.ACTIVATE: activate,
    Verb.CONFIRM: confirm,
    Verb.REVERT: revert,
    Verb.OBSERVE: observe,
    Verb.READ_FILES: read_files,
    Verb.SURVEY: survey,
}
CHANGES = frozenset(
    {"os.rename", "os.symlink", "os.mkdir", "os.remove", "os.rmdir", "os.chmod", "shutil.rmtree"}
)


class Counter:
    """Counts changes of the file system, and ends the process at one of them."""

    def __init__(self, die_at: int | None) -> None:
        self.die_at = die_at
        self.seen = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        writing = event == "open" and isinstance(arguments[1], str) and arguments[1][:1] in "wax"
        if event not in CHANGES and not writing:
            return
        self.seen += 1
        if self.seen == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Standard input: JSON of verb, host, arguments, blob (base64) and die_at."""
    asked = json.load(sys.stdin)
    values = {**asked["host"], "kind": HostKind(asked["host"]["kind"])}
    paths = {name: Path(values[name]) for name in PATHS if name in values}
    many = {name: tuple(map(Path, values[name])) for name in LISTS if name in values}
    host = HostConfig(**{**values, **paths, **many})
    blob = base64.b64decode(asked["blob"]) if asked["blob"] is not None else None
    counter = Counter(asked["die_at"])
    sys.addaudithook(counter)
    result = VERBS[Verb(asked["verb"])](host, asked["arguments"], blob)
    counter.die_at = None
    given = {
        "outcome": result.outcome.value,
        "body": dict(result.body),
        "blob": base64.b64encode(result.blob).decode() if result.blob is not None else None,
        "changes": counter.seen,
    }
    sys.stdout.write(json.dumps(given))


if __name__ == "__main__":
    main()
