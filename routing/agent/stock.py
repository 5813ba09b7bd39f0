"""Has m4 make the configuration that an existing `.cf` is compared with."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from routing.agent.faults import Fault
from routing.agent.host import HostConfig
from routing.agent.tools import run
from routing.core.adopt.cf import Configuration, read_cf
from routing.core.adopt.cf_statements import (
    RULE_FEATURES,
    foreign_rules,
    missing_rules,
    stock_mc,
)
from routing.core.adopt.report import Stock

OSTYPE = "debian"


def stock_for(host: HostConfig, cf: str) -> Stock:
    """The stock configuration with those features that bring its rules nearest to the `.cf`.

    m4 is given a text of ours, in which nothing of the site's own stands. Raises Fault where it
    fails.
    """
    theirs, until = read_cf(cf), time.monotonic() + host.build_seconds
    text, features = _made(host, theirs, (), until), list[str]()
    apart = _apart(theirs, text)
    for feature in RULE_FEATURES:
        if not apart:
            break
        other = _made(host, theirs, (*features, feature), until)
        if (left := _apart(theirs, other)) < apart:
            text, apart = other, left
            features.append(feature)
    return Stock(text, tuple(features))


def _apart(theirs: Configuration, stock: str) -> int:
    """In how many rules the two differ."""
    other = read_cf(stock)
    return len(foreign_rules(theirs, other)) + sum(missing_rules(theirs, other).values())


def _made(host: HostConfig, theirs: Configuration, features: Iterable[str], until: float) -> str:
    source = stock_mc(theirs, ostype=OSTYPE, features=features)
    argv: list[str | Path] = [host.m4, "-D_NO_MAKEINFO_", f"-D_CF_DIR_={host.cf_dir}", "-"]
    left = max(0.1, until - time.monotonic())
    ran = run(argv, stdin=source.encode(), cwd=Path("/"), seconds=left)
    # Some features warn: promiscuous_relay does. It is compared with, and never used.
    if ran.exit_code != 0 or ran.stopped:
        raise Fault("m4_failed", f"{ran.verdict} on a configuration that says nothing")
    return ran.out.decode("utf-8", "replace")
