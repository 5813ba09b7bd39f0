"""One first scan in a process of its own: `python -m bench.scan_once DIR` prints what waits."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from spools.agent.spool_scan import SpoolScan

if __name__ == "__main__":
    print(SpoolScan(Path(sys.argv[1])).scan(at=int(time.time())).summary.queued)
