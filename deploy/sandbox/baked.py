"""The configuration of last resort, built when the wrapper is installed.

The wrapper falls back on it while a host has no release, or none that can be read. It routes as the
site did at that time: from the table that the first import reads.
"""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from deploy.sandbox.hosts import HostTree, make_directory, write_file
from deploy.sandbox.tools import SandboxError, SendmailTools
from routing.core.adopt.reading import ROBOT_CONF
from routing.core.facts import HostFacts, HostKind
from routing.core.intent import ObjectKind
from routing.core.mailertable import classify, parse_mailertable
from routing.core.render import render

CF = "sympa.cf"


def sandbox_facts(tree: HostTree, name: str, tools: SendmailTools, mta_port: int) -> HostFacts:
    """The facts of the sandboxed list server as far as rendering reads them."""
    return HostFacts(
        name=name,
        kind=HostKind.LIST_SERVER,
        fqdn=tree.fqdn,
        sendmail_version="",
        class_w=(tree.fqdn,),
        run_as_user=tree.users.spool,
        run_as_group=tree.group,
        trusted_user=tree.users.spool,
        cf_dir=tools.cf_dir,
        spool=str(tree.spool),
        run_dir=str(tree.run),
        dead_letter=str(tree.dead_letter),
        wrapper=str(tree.wrapper),
        local_mta_port=mta_port,
        service_switch=str(tree.service_switch),
    )


def bake(
    tree: HostTree, facts: HostFacts, tools: SendmailTools, table: Path, relay_port: int
) -> None:
    """Build etc/baked/ from the mailertable in the file `table`, unless it is there.

    Raises SandboxError when the table has an error or a tool says anything.
    """
    target = tree.baked_cf.parent
    if tree.baked_cf.exists():
        return
    parsed = parse_mailertable(table.read_text())
    if parsed.findings:
        raise SandboxError("\n".join(f"{table}: {finding.text}" for finding in parsed.findings))
    intent = classify(parsed.lines, server=facts.name, new_id=uuid.uuid4, relay_port=relay_port)
    make_directory(target, 0o755)
    bundle = render(intent, facts)
    for name, text in bundle.files.items():
        write_file(target / name, text, 0o644)
    write_file(tree.table_before, table.read_text(), 0o644)
    defines = ["-D_NO_MAKEINFO_", f"-D_CF_DIR_={tools.cf_dir}", f"-D_RELEASE_={target}"]
    cf = said([str(tools.m4), *defines, str(target / "sympa.mc")])
    staged = target / "new.cf"
    write_file(staged, cf, 0o644)
    map_argv = [str(tools.makemap), "-C", str(staged), "btree", str(target / "mailertable")]
    said(map_argv, bundle.files["mailertable"])
    (target / "mailertable.db").chmod(0o644)
    staged.rename(tree.baked_cf)


def name_robots(tree: HostTree, table: Path) -> None:
    """The robots of its Sympa and the names of its MTA, unless they are there: those of `table`."""
    if tree.sympa.exists():
        return
    lines = parse_mailertable(table.read_text()).lines
    intent = classify(lines, server=tree.fqdn, new_id=uuid.uuid4)
    names = [item.key for item in intent.objects if item.kind is ObjectKind.VIRTUAL_DOMAIN]
    make_directory(tree.mta_local_names.parent, 0o755)
    write_file(tree.mta_local_names, "".join(f"{name}\n" for name in names), 0o644)
    write_file(tree.mta_relay_domains, "", 0o644)
    make_directory(tree.sympa, 0o755)
    for name in names:
        make_directory(tree.sympa / name, 0o755)
        write_file(tree.sympa / name / ROBOT_CONF, f"wwsympa_url https://{name}/sympa\n", 0o644)


def said(argv: Sequence[str], stdin: str = "") -> str:
    """What a tool prints. Raises SandboxError when it fails or complains."""
    ran = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if ran.returncode != 0 or ran.stderr:
        raise SandboxError(f"{argv[0]} ended with exit code {ran.returncode}: {ran.stderr}")
    return ran.stdout
