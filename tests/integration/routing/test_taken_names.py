"""Which names an MTA takes mail for, by its files: as we read them and as real sendmail does."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

from deploy.sandbox.hosts import HostTree
from deploy.sandbox.tools import SendmailTools
from routing.core.survey import covered, local_names, relayed_names
from tests.fixtures.sandbox import AsHost

LOCAL_HOST_NAMES = "# what it is itself\nlists.example.org\nWIDE.Example.NET\n"
RELAY_DOMAINS = "parent.example\n.dotted.example\n# old.example\nboth.example\n.both.example\n"
ASKED = (
    *("lists.example.org", "sub.lists.example.org", "wide.example.net"),
    *("parent.example", "sub.parent.example", "a.b.parent.example", "notparent.example"),
    *("dotted.example", "x.dotted.example", "a.b.dotted.example", "xdotted.example"),
    *("old.example", "both.example", "x.both.example", "else.example"),
)
MC = """include(`m4/cf.m4')dnl
VERSIONID(`names')dnl
OSTYPE(`linux')dnl
define(`confCW_FILE', `-o {cw} %[^\\#]')dnl
define(`confCR_FILE', `-o {cr} %[^\\#]')dnl
FEATURE(`use_cw_file')dnl
MAILER(`smtp')dnl
"""
STRANGER = ".D{client_addr}192.0.2.9\n.D{client_name}far.example\n.D{client_resolve}OK\n"


def test_what_is_read_from_its_files_is_what_sendmail_takes(
    host_dir: Callable[..., HostTree], sendmail_tools: SendmailTools, as_host: AsHost
) -> None:
    """A stranger submits to an address in each: taken or "550 Relaying denied"."""
    tree = host_dir()
    cw, cr, cf = (tree.path / name for name in ("local-host-names", "relay-domains", "names.cf"))
    cw.write_text(LOCAL_HOST_NAMES)
    cr.write_text(RELAY_DOMAINS)
    cf_dir = sendmail_tools.cf_dir
    m4 = [str(sendmail_tools.m4), f"-D_CF_DIR_={cf_dir}", "-I", cf_dir]
    mc = MC.format(cw=cw, cr=cr).encode()
    cf.write_bytes(subprocess.run([*m4, "-"], input=mc, capture_output=True, check=True).stdout)
    lines = STRANGER + "".join(f"Basic_check_rcpt <p@{name}>\n" for name in ASKED)
    argv = (sendmail_tools.sendmail, "-C", cf, "-bt")
    said = as_host(tree, tree.users.spool, *argv, stdin=lines.encode()).stdout.decode()
    answers = re.findall(r"(?m)^Basic_check_rcpt +returns: (.*)$", said)
    assert set(answers) == {"RELAY", '$# error $@ 5 . 7 . 1 $: "550 Relaying denied"'}
    taken = {name for name, answer in zip(ASKED, answers, strict=True) if answer == "RELAY"}

    relayed = list(relayed_names(RELAY_DOMAINS))
    names = {*local_names(LOCAL_HOST_NAMES), *(name for name, itself in relayed if itself)}
    ours = names.intersection(ASKED) | set(covered(ASKED, (name for name, _ in relayed)))

    assert ours == taken
