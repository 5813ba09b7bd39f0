"""Carry out a probe on a sandboxed host: the arguments on standard input, the body on output."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from routing.agent.host import HostConfig
from routing.core.facts import HostKind
from spools.agent.probe import probe

PLACE = Path("/nowhere")
HOST = HostConfig(
    name="listes",
    fqdn="listes.renater.fr",
    kind=HostKind.LIST_SERVER,
    routing=PLACE,
    spool=PLACE,
    run_dir=PLACE,
    kept=PLACE,
    dead_letter=PLACE,
    sendmail=PLACE,
    makemap=PLACE,
    m4=PLACE,
    wrapper=PLACE,
    cf_dir="/nowhere/",
    owner="sympa",
    group="sympa",
    trusted_user="sympa",
)
"""A probe asks nothing of its host but its name."""

if __name__ == "__main__":
    sys.stdout.write(json.dumps(dict(probe(HOST, json.load(sys.stdin), None).body)))
