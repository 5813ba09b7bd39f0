"""`python -m mailadmin.agent`: the program of a mail host.

run        the agent; a systemd unit starts it
run-queue  one run through the spool with the live release; a timer starts it
check      says what is missing or unsafe on this host
key        makes this agent's key and prints its public half
kept       a person looks at the messages that the wrapper kept, submits one again or removes it
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from mailadmin.agent.app import make_app, run_worker
from mailadmin.agent.check import add_check_arguments, run_check
from mailadmin.agent.config import ConfigError, load_config
from mailadmin.agent.kept import add_arguments, run_kept
from mailadmin.agent.key import make_key
from mailadmin.agent.queue_run import add_queue_run_arguments, run_queue_once
from mailadmin.agent.verbs import VERBS

CONFIG_VARIABLE = "MAILADMIN_AGENT_CONFIG"


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    if options.command == "check":
        return run_check(options.config, options)
    if options.command == "key":
        return make_key(options.config)
    if options.command == "run-queue":
        return run_queue_once(options.config, options)
    try:
        config = load_config(options.config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return os.EX_CONFIG
    if options.command == "kept":
        return run_kept(config.host_config, options)
    run_worker(make_app(config, VERBS), config)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mailadmin-agent",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    kept, check = commands.add_parser("kept"), commands.add_parser("check")
    queue_run = commands.add_parser("run-queue")
    for command in (
        commands.add_parser("run"),
        commands.add_parser("key"),
        queue_run,
        kept,
        check,
    ):
        _add_config(command)
    add_queue_run_arguments(queue_run)
    add_arguments(kept)
    add_check_arguments(check)
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    given = os.environ.get(CONFIG_VARIABLE)
    parser.add_argument(
        "--config",
        type=Path,
        default=given and Path(given),
        required=not given,
        help=f"the agent's TOML file; default: ${CONFIG_VARIABLE}",
    )


if __name__ == "__main__":
    sys.exit(main())
