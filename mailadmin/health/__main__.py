"""Say what of the control plane is there, for a container's health check or a shell.

    python -m mailadmin.health [database] [migrations] [redis] [tick]

Only what is named is asked; without a name, everything. Exit code 1 unless each of them is ok.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import django


def main(names: Sequence[str]) -> int:
    """Exit code 0 or 1, or 64 for a name that is none."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailadmin.settings")
    django.setup()
    # Django's settings have to be there before a module with models is read.
    from mailadmin.health.ready import CHECKS, OK, checks

    if unknown := [name for name in names if name not in CHECKS]:
        sys.stderr.write(f"no such check: {', '.join(unknown)}; there are {', '.join(CHECKS)}\n")
        return 64
    found = checks(names or CHECKS)
    for check in found:
        sys.stdout.write(f"{check.name}: {check.state}\n")
    return 0 if all(check.state == OK for check in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
