"""The configuration that a list server had before: a `.cf` and its map, built by the real tools."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.integration.routing_agent.conftest import SEED, MailHost

MC = """\
divert(-1)
divert(0)dnl
include(_CF_DIR_`m4/cf.m4')dnl
OSTYPE(`debian')dnl
define(`confTO_IDENT', `0')dnl
define(`QUEUE_DIR', `/var/spool/nobody-made-this')dnl
FEATURE(`nocanonify')dnl
FEATURE(`mailertable', `{kind} {flags}{table}')dnl
{more}MAILER(`smtp')dnl
{config}"""


def had_before(
    listes: MailHost,
    *,
    table: str = SEED,
    more: str = "",
    config: str = "",
    flags: str = "-o ",
    kind: str = "hash",
) -> Path:
    """Write etc/mail/ of the host as it was in all the years, and return its sympa.cf.

    `more` are m4 statements, `config` is what stands after the mailers.
    """
    place = listes.tree.etc / "mail"
    place.mkdir(exist_ok=True)
    place.chmod(0o755)
    values: Mapping[str, object] = {
        "kind": kind,
        "flags": flags,
        "table": place / "mailertable",
        "more": more,
        "config": config,
    }
    argv = [str(listes.tools.m4), "-D_NO_MAKEINFO_", f"-D_CF_DIR_={listes.tools.cf_dir}"]
    built = subprocess.run(
        argv, input=MC.format(**values).encode(), capture_output=True, check=True
    )
    cf = place / "sympa.cf"
    cf.write_bytes(built.stdout)
    cf.chmod(0o644)
    make_map(listes, place / "mailertable", table, kind)
    return cf


def make_map(listes: MailHost, path: Path, text: str, kind: str = "hash") -> None:
    """The map of that name, with these lines."""
    cf = path.parent / "sympa.cf"
    argv = [str(listes.tools.makemap), "-C", str(cf), kind, str(path)]
    subprocess.run(argv, input=text.encode(), capture_output=True, check=True)
    path.with_name(f"{path.name}.db").chmod(0o644)
