"""A spool of half a million messages: all are counted, in bounded memory, and survive a restart."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.queue_files import EPOCH, fill
from tests.fixtures.sandbox import CHECKOUT

MESSAGES = 500_000
MOST_MIB = 400
"""An object for each message would take more than a gigabyte."""
RUN = """
import json, resource, sys
from pathlib import Path
from spools.agent.cache import cache_file, load, save
from spools.agent.spool_scan import SpoolScan
spool, at = Path(sys.argv[1]), int(sys.argv[2])
file = cache_file(spool.parent, spool)
scan = SpoolScan(spool, load(file, spool))
summary = scan.scan(at=at).summary
save(scan.known, file, spool)
kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
peak = max(resource.getrusage(kind).ru_maxrss for kind in kinds) // 1024
print(json.dumps({**summary.to_json(), "peak_mib": peak}))
"""


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_half_a_million_messages(tmp_path: Path) -> None:
    spool, at = tmp_path / "sympa", EPOCH + 300_000
    fill(spool, MESSAGES)

    def scan() -> dict[str, Any]:
        argv = [str(word) for word in (sys.executable, "-c", RUN, spool, at)]
        done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    first, again = scan(), scan()
    of_one_scan = ("took_ms", "read", "since", "peak_mib")
    assert first["states"] == {"waiting": MESSAGES}
    assert (first["read"], again["read"]) == (MESSAGES, 0)
    assert max(first["peak_mib"], again["peak_mib"]) < MOST_MIB, (first, again)
    for name in set(first) - set(of_one_scan):
        assert first[name] == again[name], name
