"""How long an import takes: reading a mailertable, then its rows, events and first push.

    MAILADMIN_VAR=... .venv/bin/python -m bench.imports [--lines 100000]
    ... .venv/bin/python -m deploy.sandbox.postgresql .venv/bin/python -m bench.imports

The peak is what the process had in memory at most, in MiB.
"""

from __future__ import annotations

import argparse
import resource
import time

from django.db import connection

from bench.site import database
from mailadmin.audit.models import AuditEvent
from routing.services.importing import import_mailertable, read_mailertable
from tests.integration.pages import world

LOCAL = "esmtp:[127.0.0.1]"


def peak() -> int:
    """MiB of this process until now."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main() -> None:
    """Read the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    lines = parser.parse_args().lines
    text = "".join(f"liste{number:07}.example.org\t{LOCAL}\n" for number in range(lines - 1))
    text += ".\tesmtp:[smtp1.renater.fr]\n"
    with database():
        host = world.list_server()
        began = time.perf_counter()
        plan = read_mailertable(text=text, host=host, source="mailertable")
        read, at_read = time.perf_counter(), peak()
        import_mailertable(plan=plan)
        written = time.perf_counter()
        events = AuditEvent.objects.count()
    print(f"{connection.vendor}, {lines} lines, {events} events")
    print(f"read {read - began:.1f} s, peak {at_read} MiB")
    print(f"written {written - read:.1f} s, peak {peak()} MiB")


if __name__ == "__main__":
    main()
