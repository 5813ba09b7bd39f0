"""Run one slice as the spool agent would: its configuration file and the verb are arguments, the
order comes in as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from mailadmin.agent.config import look_at_config
from mailadmin.agent.verbs import VERBS
from mailadmin.wire.core.messages import Role, Verb


def main() -> None:
    host = look_at_config(Path(sys.argv[1])).host_config
    assert host is not None
    asked, began = json.load(sys.stdin), time.monotonic()
    result = VERBS[Role.SPOOL, Verb(sys.argv[2])](host, asked, None)
    took = time.monotonic() - began
    blob = json.loads(result.blob) if result.blob else {}
    given = {"outcome": result.outcome.value, "body": dict(result.body), "blob": blob, "took": took}
    sys.stdout.write(json.dumps(given))


if __name__ == "__main__":
    main()
