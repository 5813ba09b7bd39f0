"""What of an existing `.mc` ours would change, statement by statement, and what to do about each.

Ours is read by the same reader, so that the comparison follows whatever rendering writes. A value
that names a file with a secret or a key stays a name: no content of such a file is ever read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from routing.core.adopt.mc import Block, Call, Statements, defines, read_mc
from routing.core.adopt.secret_shapes import BLANK
from routing.core.facts import HostFacts
from routing.core.mc import PRIMARY, mc_text
from routing.core.render import check_site_m4


class Verdict(StrEnum):
    """What becomes of a statement of the existing configuration."""

    SAME = "ours says the same"
    OURS = "ours says otherwise, on purpose"
    LIMIT = "ours says otherwise; yours can stay"
    KEEP = "ours does not say it; it can stay"
    ROUTE = "becomes a line of the table"
    DAEMON = "has no effect on what Sympa sends"
    BY_HAND = "cannot be taken over as it is"


@dataclass(frozen=True, slots=True)
class Option:
    """One statement. `ours` is our value, empty where we say nothing; `keep` is what to write into
    the site's local.m4 so that it stays as it was, empty where nothing is to be written there."""

    line: int
    text: str
    verdict: Verdict
    advice: str
    ours: str = ""
    keep: str = ""
    is_secret: bool = False
    routes: bool = False
    """Whether it may send mail past the table."""


SKELETON = frozenset({"include", "VERSIONID", "OSTYPE", "divert", "MAILER", "DOMAIN", "dnl"})
INCLUDES = frozenset({"include", "sinclude", "DOMAIN"})
DAEMON_CALLS = frozenset(
    {
        "CLIENT_OPTIONS", "DAEMON_OPTIONS", "INPUT_MAIL_FILTER", "MAIL_FILTER", "RELAY_DOMAIN",
        "RELAY_DOMAIN_FILE", "TRUST_AUTH_MECH",
    }
)  # fmt: skip
DAEMON_FEATURES = frozenset(
    {
        "accept_unqualified_senders", "accept_unresolvable_domains", "badmx", "block_bad_helo",
        "blacklist_recipients", "blocklist_recipients", "check_other", "conncontrol",
        "delay_checks", "dnsbl", "enhdnsbl", "greet_pause", "loose_relay_check",
        "promiscuous_relay", "ratecontrol", "relay_based_on_MX", "relay_entire_domain",
        "relay_hosts_only", "relay_local_from", "relay_mail_from", "require_rdns", "rhsbl",
        "use_client_ptr", "no_default_msa", "local_lmtp", "local_procmail", "smrsh", "redirect",
    }
)  # fmt: skip
DAEMON_DEFINES = frozenset(
    {
        "confBAD_RCPT_THROTTLE", "confCONNECTION_RATE_THROTTLE", "confDELAY_LA",
        "confINPUT_MAIL_FILTERS", "confMAX_DAEMON_CHILDREN", "confMAX_RCPTS_PER_MESSAGE",
        "confSMTP_LOGIN_MSG", "confMILTER_LOG_LEVEL", "confALLOW_BOGUS_HELO",
        "confREJECT_LOG_INTERVAL", "PROCMAIL_MAILER_PATH", "LOCAL_MAILER_PATH",
    }
)  # fmt: skip
PROTECTED = {
    "QUEUE_DIR": "the spool is a fact of the host, and each queue file belongs to its owner",
    "confRUN_AS_USER": "every program that touches the spool runs as its owner",
    "confTRUSTED_USER": "every program that touches the spool runs as its owner",
    "confTRUSTED_USERS": "only the owner of the spool submits",
    "confSAFE_QUEUE": "a message is on the disk before Sympa is told that it was taken",
    "confQUEUE_FILE_MODE": "nobody else reads the spool",
    "confTEMP_FILE_MODE": "nobody else reads the spool",
    "confCW_FILE": "names of the MTA are not names of the list submission",
    "confCT_FILE": "only the owner of the spool submits",
    "confDONT_PROBE_INTERFACES": "no name of the machine becomes local by itself",
    "ALIAS_FILE": "aliases are the business of the MTA",
    "confFORWARD_PATH": "nobody is local here",
    "STATUS_FILE": "no file of the MTA is written",
    "confPID_FILE": "each configuration has a file of its own",
    "confCONTROL_SOCKET_NAME": "a submission has no control socket",
    "confDEAD_LETTER_DROP": "a message that cannot be queued must not end in a file",
    "confPRIVACY_FLAGS": "authwarnings would mark each message of a list",
    "confHOST_STATUS_DIRECTORY": "host status keeps a relay down after it came back",
    "confCHECKPOINT_INTERVAL": "a killed run must deliver to nobody twice",
    "confMIN_FREE_BLOCKS": "a spool that fills up inside a message sends sendmail's own notice",
    "confSERVICE_SWITCH_FILE": "it is a fact of the host",
}
RELAYS = frozenset({"SMART_HOST"})
LOCAL_ROUTES = frozenset({"LOCAL_RELAY", "LUSER_RELAY", "MAIL_HUB"})
OTHER_RELAYS = frozenset(
    {"BITNET_RELAY", "DECNET_RELAY", "FAX_RELAY", "UUCP_RELAY", "DOMAIN_RELAY"}
)
SECRET_WORDS = ("auth", "cert", "_key", "_crl", "tls_srv", "tls_clt", "secret", "password")
RULES = frozenset(
    {"LOCAL_RULE_0", "LOCAL_RULE_1", "LOCAL_RULE_2", "LOCAL_RULE_3", "LOCAL_NET_CONFIG"}
)
NOT_LOCAL = "Names that were local to this configuration. In ours the table decides for them."
CLASS_W = ("Cw", "C{w}", "Fw", "F{w}")


def judge(theirs: Statements, facts: HostFacts) -> tuple[Option, ...]:
    """Every statement of an existing configuration with its verdict, in order of lines."""
    ours = read_mc(mc_text(PRIMARY, facts, (), site_m4=False))
    found = [*_of_calls(theirs.calls, ours), *_of_blocks(theirs.blocks)]
    found += [_strange(line, text) for line, text in theirs.strange]
    return tuple(sorted(found, key=lambda option: option.line))


def _of_calls(calls: Iterable[Call], ours: Statements) -> Iterator[Option]:
    values = {name: value for _, name, value in defines(ours)}
    features = {call.arguments[0]: call for call in ours.calls if call.name == "FEATURE"}
    flags = {call.arguments for call in ours.calls if call.name == "MODIFY_MAILER_FLAGS"}
    for call in calls:
        if call.name in ("define", "undefine"):
            yield from _of_define(call, values)
        elif call.name == "FEATURE":
            yield _of_feature(call, features)
        elif call.name in INCLUDES and "cf.m4" not in call.text:
            yield _by_hand(call.line, call.text, "Copy what that file says into local.m4.")
        elif call.name not in SKELETON:
            yield _of_other(call, flags)
        elif call.name == "MAILER" and call.arguments[:1] not in (("local",), ("smtp",)):
            advice = "Ours has the mailers local and smtp. Lines of the table that name it stay."
            yield _by_hand(call.line, call.text, advice)


def _of_define(call: Call, ours: Mapping[str, str]) -> Iterator[Option]:
    pairs = list(defines(Statements((call,), (), ())))
    for _, name, value in pairs:
        text = call.text if len(pairs) == 1 else f"undefine(`{name}')dnl"
        yield _of_value(call.line, name, value, text, ours)


def _of_value(line: int, name: str, value: str, text: str, ours: Mapping[str, str]) -> Option:
    if name in RELAYS:
        advice = f"Everything else goes to {value}: the line . with a relay target does that."
        return Option(line, text, Verdict.ROUTE, advice)
    if name in ours and ours[name] == value:
        return Option(line, text, Verdict.SAME, "Nothing to do.", ours[name])
    if name in PROTECTED:
        said = ours.get(name, "")
        return Option(line, text, Verdict.OURS, f"{PROTECTED[name].capitalize()}.", said)
    if name in LOCAL_ROUTES | OTHER_RELAYS:
        advice = "Local recipients go to the MTA of this host. Add a route for each name it served."
        return Option(line, text, Verdict.BY_HAND, advice, routes=True)
    if name in DAEMON_DEFINES or name.startswith("confMILTER_"):
        return _daemon(line, text)
    if name in ours:
        advice = "Write it into local.m4 to keep it; otherwise ours holds."
        return _kept(line, text, Verdict.LIMIT, advice, ours[name])
    return _kept(line, text, Verdict.KEEP, _keep_advice(name, value))


def _of_feature(call: Call, ours: Mapping[str, Call]) -> Option:
    name = call.arguments[0] if call.arguments else ""
    if name == "mailertable":
        advice = "The table is rendered and built with each release."
        said = ours[name].text if name in ours else ""
        return Option(call.line, call.text, Verdict.OURS, advice, said)
    if name in ("use_cw_file", "use_ct_file"):
        return Option(call.line, call.text, Verdict.OURS, NOT_LOCAL)
    if name in ours and ours[name].arguments == call.arguments:
        return Option(call.line, call.text, Verdict.SAME, "Nothing to do.", ours[name].text)
    if name in DAEMON_FEATURES:
        return _daemon(call.line, call.text)
    if name in ("nullclient", "msp", "bestmx_is_local", "virtusertable", "ldap_routing"):
        advice = f"FEATURE({name}) decides where mail goes, beside the table. Make routes of it."
        return replace(_by_hand(call.line, call.text, advice), routes=True)
    return _kept(call.line, call.text, Verdict.KEEP, _keep_advice(name, " ".join(call.arguments)))


def _of_other(call: Call, our_flags: Iterable[tuple[str, ...]]) -> Option:
    if call.name in DAEMON_CALLS:
        return _daemon(call.line, call.text)
    if call.name == "MODIFY_MAILER_FLAGS" and call.arguments in set(our_flags):
        return Option(call.line, call.text, Verdict.SAME, "Nothing to do.", call.text)
    if call.name == "LOCAL_DOMAIN":
        return Option(call.line, call.text, Verdict.OURS, NOT_LOCAL)
    if call.name == "QUEUE_GROUP":
        advice = "Ours has one queue, the spool of the host."
        return Option(call.line, call.text, Verdict.OURS, advice)
    return _kept(call.line, call.text, Verdict.KEEP, _keep_advice(call.name, ""))


def _of_blocks(blocks: Iterable[Block]) -> Iterator[Option]:
    for block in blocks:
        names = [line for line in block.lines if line.startswith(CLASS_W)]
        rest = [line for line in block.lines if line not in names]
        for line in names:
            yield Option(block.line, line, Verdict.OURS, NOT_LOCAL)
        if rest:
            yield _of_lines(block, rest)


def _of_lines(block: Block, lines: list[str]) -> Option:
    text = "\n".join([block.name, *lines])
    if block.name == "LOCAL_RULESETS" and lines[0].startswith("SLocal_localaddr"):
        advice = "Ours hands local recipients to the MTA of this host."
        return Option(block.line, text, Verdict.OURS, advice)
    if block.name == "MAILER_DEFINITIONS":
        advice = "A mailer of the site's own. Lines of the table that name it stay foreign lines."
    elif block.name in RULES:
        advice = "Rules of the site's own may send mail past the table; the proof asks sendmail."
    else:
        advice = "Text of the site's own."
    kept = _kept(block.line, text, Verdict.KEEP, advice)
    return replace(kept, routes=block.name in RULES)


def _kept(line: int, text: str, verdict: Verdict, advice: str, ours: str = "") -> Option:
    if BLANK in text:
        return _by_hand(
            line, text, "It holds a secret, which stayed on the host. Name a file there."
        )
    if wrong := check_site_m4(text):
        return _by_hand(line, text, " ".join(str(finding) for finding in wrong))
    return Option(line, text, verdict, advice, ours, keep=text, is_secret=_is_secret(text))


def _keep_advice(name: str, value: str) -> str:
    if _is_secret(f"{name} {value}"):
        return (
            "Write it into local.m4. It names a file with a secret or a key: the file stays on the"
            " host, readable by the owner of the spool alone, and is never sent here."
        )
    return "Write it into local.m4 to keep it."


def _is_secret(text: str) -> bool:
    return any(word in text.lower() for word in SECRET_WORDS)


def _daemon(line: int, text: str) -> Option:
    advice = "It is about mail that comes in by SMTP: it belongs to the MTA's own sendmail.mc."
    return Option(line, text, Verdict.DAEMON, advice)


def _by_hand(line: int, text: str, advice: str) -> Option:
    return Option(line, text, Verdict.BY_HAND, advice)


def _strange(line: int, text: str) -> Option:
    return _by_hand(line, text, "This is no statement that is known here. Look at it.")


def local_m4(options: Iterable[Option]) -> str:
    """All that can stay as it was, as the text of local.m4: calls first, then blocks."""
    kept = [option.keep for option in options if option.keep]
    calls = [text for text in kept if "\n" not in text]
    blocks = [text for text in kept if "\n" in text]
    return "".join(f"{text}\n" for text in [*calls, *blocks])
