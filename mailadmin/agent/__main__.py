"""`python -m mailadmin.agent run`: the program that a systemd unit on a mail host starts."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from mailadmin.agent.app import make_app, run_worker
from mailadmin.agent.config import ConfigError, load_config
from mailadmin.agent.verbs import VERBS

CONFIG_VARIABLE = "MAILADMIN_AGENT_CONFIG"

# sysexits.h: EX_CONFIG; systemd shows it by name.
EXIT_CONFIG = 78


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        config = load_config(options.config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_CONFIG
    run_worker(make_app(config, VERBS), config)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mailadmin-agent", description=__doc__)
    parser.add_argument("command", choices=["run"])
    given = os.environ.get(CONFIG_VARIABLE)
    parser.add_argument(
        "--config",
        type=Path,
        default=given and Path(given),
        required=not given,
        help=f"the agent's TOML file; default: ${CONFIG_VARIABLE}",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
