"""The two sendmail configurations of a list server, as m4 sources.

Only host facts and mailers get in here, never a key or a value of the mailertable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from routing.core.facts import HostFacts
from routing.core.mailers import SMTP_MAILERS, Mailer, local_mailer
from routing.core.next_hop import bracket

LOCAL_M4 = "local.m4"


@dataclass(frozen=True, slots=True)
class Flavour:
    """What sympa.mc and sympa-fallback.mc do not have in common."""

    name: str
    purpose: str
    table: str
    fallback: bool


PRIMARY = Flavour("sympa", "list submission through the relay target", "mailertable", False)
FALLBACK = Flavour(
    "sympa-fallback", "the same spool, without any relay target", "mailertable-fallback", True
)


def mc_text(flavour: Flavour, facts: HostFacts, mailers: Iterable[Mailer], *, site_m4: bool) -> str:
    """One `.mc`. `_RELEASE_`, the directory of the release, comes from `m4 -D` at staging."""
    sections = [
        _head(flavour, facts),
        _identity(),
        _owner(flavour, facts),
        _routing(flavour),
        _limits(flavour, facts),
        _site() if site_m4 else [],
        _mailers(mailers),
        _local_recipients(facts),
        _own_mx(facts),
    ]
    return "".join(f"{line}\n" for section in sections for line in section)


def _head(flavour: Flavour, facts: HostFacts) -> list[str]:
    return [
        "divert(-1)",
        f"# {flavour.name}.mc: {flavour.purpose}. Written by mailadmin: change it there.",
        "divert(0)dnl",
        f"include(`{facts.cf_dir.rstrip('/')}/m4/cf.m4')dnl",
        f"VERSIONID(`{flavour.name}.mc, {flavour.purpose}')",
        "OSTYPE(`debian')dnl",
    ]


def _identity() -> list[str]:
    return [
        "dnl No name, file or user of the MTA: what is local is the business of the MTA alone.",
        "define(`confDONT_PROBE_INTERFACES', `True')dnl",
        "define(`confCW_FILE', `')dnl",
        "define(`confCT_FILE', `')dnl",
        "undefine(`ALIAS_FILE')dnl",
        "define(`confFORWARD_PATH', `')dnl",
        "define(`STATUS_FILE', `')dnl",
        "define(`confCONTROL_SOCKET_NAME', `')dnl",
    ]


def _owner(flavour: Flavour, facts: HostFacts) -> list[str]:
    return [
        "dnl Always the owner of the spool, also when root starts it: a queue file that root",
        "dnl rewrites is skipped without a word ever after.",
        f"define(`confRUN_AS_USER', `{facts.run_as_user}:{facts.run_as_group}')dnl",
        f"define(`confTRUSTED_USER', `{facts.trusted_user}')dnl",
        f"define(`confTRUSTED_USERS', `{facts.run_as_user}')dnl",
        f"define(`QUEUE_DIR', `{facts.spool}')dnl",
        "define(`confQUEUE_FILE_MODE', `0600')dnl",
        "define(`confTEMP_FILE_MODE', `0600')dnl",
        "define(`confSAFE_QUEUE', `True')dnl",
        "dnl A spool that fills up inside a message leaves a queue file with sendmail's notice as",
        "dnl its body, which the next run sends to everybody: stop well before (blocks, 100 MB).",
        "define(`confMIN_FREE_BLOCKS', `25000')dnl",
        "dnl 1: a runner killed inside an envelope delivers to nobody twice.",
        "define(`confCHECKPOINT_INTERVAL', `1')dnl",
        "dnl OSTYPE turns host status on; it keeps a relay down after it came back.",
        "undefine(`confHOST_STATUS_DIRECTORY')dnl",
        f"define(`confPID_FILE', `{facts.run_dir}/{flavour.name}.pid')dnl",
        f"define(`confDEAD_LETTER_DROP', `{facts.dead_letter}')dnl",
        "dnl No authwarnings, which mark each list message; restrictqrun: owner and root only.",
        "define(`confPRIVACY_FLAGS', `novrfy,noexpn,noetrn,nobodyreturn,restrictqrun')dnl",
    ]


def _routing(flavour: Flavour) -> list[str]:
    flags = [f"MODIFY_MAILER_FLAGS(`{name.upper()}', `+k')dnl" for name in sorted(SMTP_MAILERS)]
    return [
        "FEATURE(`no_default_msa')dnl",
        "FEATURE(`nocanonify')dnl",
        "dnl Without -o: a table that cannot be read defers mail, it never goes past the relay.",
        f"FEATURE(`mailertable', `btree '_RELEASE_`/{flavour.table}')dnl",
        "dnl k: the local MTA greets with our own name, which would be bounced as a loop.",
        *flags,
    ]


def _limits(flavour: Flavour, facts: HostFacts) -> list[str]:
    lines = [
        "dnl Sympa waits for each submission, so every wait has its end.",
        "define(`confQUEUE_LA', `200')dnl",
        "define(`confREFUSE_LA', `300')dnl",
        "define(`confTO_IDENT', `0')dnl",
        "define(`confTO_ICONNECT', `10s')dnl",
        "define(`confTO_CONNECT', `30s')dnl",
        "define(`confTO_ACONNECT', `60s')dnl",
        "define(`confTO_INITIAL', `60s')dnl",
        "define(`confTO_QUEUERETURN', `5d')dnl",
        "define(`confTO_QUEUEWARN', `')dnl",
    ]
    if flavour.fallback:
        lines += [
            "dnl The fallback asks DNS for each domain: a dead resolver must not hold the others.",
            "define(`confTO_RESOLVER_RETRANS', `3s')dnl",
            "define(`confTO_RESOLVER_RETRY', `2')dnl",
        ]
    if facts.service_switch:
        lines.append(f"define(`confSERVICE_SWITCH_FILE', `{facts.service_switch}')dnl")
    return lines


def _site() -> list[str]:
    # m4 runs in the directory where the release is built, before it has its final name.
    return ["dnl What this site adds.", f"include(`{LOCAL_M4}')dnl"]


def _mailers(mailers: Iterable[Mailer]) -> list[str]:
    own = [mailer.mc for mailer in mailers]
    head = ["MAILER_DEFINITIONS"] if own else []
    return [
        "dnl sendmail refuses to start without local, which nothing here uses.",
        "MAILER(`local')dnl",
        "MAILER(`smtp')dnl",
        *head,
        *own,
    ]


def _local_recipients(facts: HostFacts) -> list[str]:
    triple = f"$#{local_mailer(facts)} $@ {bracket(facts.local_mta_host)}"
    return [
        "dnl Local and unqualified recipients: one SMTP hop to the MTA of this host, because the",
        "dnl owner of the spool may not deliver (the way of FEATURE msp).",
        "LOCAL_RULESETS",
        "SLocal_localaddr",
        "R$+\t\t\t$: $>ParseRecipient $1",
        f"R$* < @ $+ > $*\t\t{triple} $: $1 < @ $2 > $3",
        f"R$*\t\t\t{triple} $: $1 < @ $j >",
    ]


def _own_mx(facts: HostFacts) -> list[str]:
    """After the mailertable, unlike LOCAL_RULE_0: a key always has the last word."""
    triple = f"$#{local_mailer(facts)} $@ {bracket(facts.local_mta_host)}"
    return [
        "dnl A domain without a key whose best MX is this host is ours all the same: to the local",
        "dnl MTA, instead of a bounce (MX list points back).",
        "LOCAL_CONFIG",
        "Kbestmx bestmx -T.TMP",
        "LOCAL_NET_CONFIG",
        "R$* < @ $* > $*\t\t$: < $(bestmx $2 $: $2 $) > $1 < @ $2 > $3",
        'R$* < $* .TMP > $*\t\t$#error $@ 4.4.3 $: "451 MX lookup failure"',
        f"R< $=w . > $* < @ $+ > $*\t{triple} $: $2 < @ $3 > $4",
        "R< $* > $* < @ $* > $*\t\t$: $2 < @ $3 > $4",
    ]
