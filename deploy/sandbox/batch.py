"""Management commands one after the other in one process: each alone would load Django anew.

    python -m deploy.sandbox.batch

Standard input is JSON: a list of [arguments, standard input of the command]. The first that fails
ends it, as it would end its own process.
"""

from __future__ import annotations

import io
import json
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run them all."""
    for arguments, said in json.load(sys.stdin):
        sys.stdin = io.StringIO(said)
        execute_from_command_line(["manage.py", *arguments])


if __name__ == "__main__":
    main()
