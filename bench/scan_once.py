"""One first scan, or a count by names, in a process of its own: both print what waits.

python -m bench.scan_once scan|count DIR
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def main(how: str, spool: Path) -> None:
    """Only what is used is loaded, as in an agent that did so long before."""
    if how == "count":
        from spools.agent.depth import depth

        print(depth(spool))
    else:
        from spools.agent.spool_scan import SpoolScan

        print(SpoolScan(spool).scan(at=int(time.time())).summary.queued)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
