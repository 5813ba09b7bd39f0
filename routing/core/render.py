"""Render: intent and host facts in, the bundle of one list server out. Pure and deterministic."""

from __future__ import annotations

import re
from collections.abc import Iterable

from routing.core.bundle import Bundle
from routing.core.facts import RENDERED, HostFacts, HostKind, rendered_facts
from routing.core.findings import Finding, InvalidIntent, Severity
from routing.core.intent import DEFAULT_KEY, Intent, RoutingObject
from routing.core.mailers import mailers_of
from routing.core.mailertable import format_mailertable, values_of
from routing.core.mc import FALLBACK, LOCAL_M4, PRIMARY, mc_text
from routing.core.mc_text import mc_safe
from routing.core.names import check_host, check_port, ipv6_of
from routing.core.validate import validate_intent

SYMPA_CONF = "sympa.conf"
SYMPA_ARGUMENTS = "-L sm-sympa -oi -odi -oem -Am"
PATHS = ("cf_dir", "spool", "run_dir", "dead_letter", "wrapper")
PLAIN_PATH = re.compile(r"/[A-Za-z0-9._/+-]*")
USER_NAME = re.compile(r"[a-z_][a-z0-9_-]*")
SITE_M4_REFUSED = frozenset(
    # fmt: off
    (
        "builtin",
        "changecom",
        "changequote",
        "changeword",
        "esyscmd",
        "include",
        "indir",
        "maketemp",
        "mkstemp",
        "sinclude",
        "syscmd",
        "undivert",
    )
    # fmt: on
)


def render(intent: Intent, facts: HostFacts, *, site_m4: str = "") -> Bundle:
    """The bundle of the list server that `facts` describe.

    `site_m4` is text of the site for both configurations. Raises InvalidIntent with every error.
    """
    findings = [
        *validate_intent(intent, facts),
        *check_facts(intent, facts),
        *check_site_m4(site_m4),
    ]
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    if errors:
        raise InvalidIntent(errors)
    files = {
        **_tables(intent, facts),
        **_configurations(intent, facts, site_m4=bool(site_m4)),
        SYMPA_CONF: sympa_conf(facts),
    }
    if site_m4:
        files[LOCAL_M4] = site_m4.rstrip("\n") + "\n"
    return Bundle(host=facts.name, files=files, facts=rendered_facts(facts))


def table_lines(intent: Intent, facts: HostFacts) -> tuple[dict[str, str], dict[str, str]]:
    """Keys and values of both tables from one source, in key order; nothing is checked.

    The second, of the fallback, knows no relay target and has no `.`. Raises KeyError for an
    unknown relay target.
    """
    lines = list(values_of(intent, facts))
    primary = {item.key: value for item, value in lines}
    direct = {item.key: value for item, value in lines if _is_direct(item)}
    return primary, direct


def _is_direct(item: RoutingObject) -> bool:
    return item.relay_target is None and item.key != DEFAULT_KEY


def _tables(intent: Intent, facts: HostFacts) -> dict[str, str]:
    primary, fallback = list[str](), list[str]()
    for item, value in values_of(intent, facts):
        line = f"{item.key}\t{value}\n"
        primary.append(line)
        if _is_direct(item):
            fallback.append(line)
    return {
        PRIMARY.table: format_mailertable(primary),
        FALLBACK.table: format_mailertable(fallback),
    }


def _configurations(intent: Intent, facts: HostFacts, *, site_m4: bool) -> dict[str, str]:
    mailers = mailers_of(intent, facts)
    return {
        f"{flavour.name}.mc": mc_text(flavour, facts, mailers, site_m4=site_m4)
        for flavour in (PRIMARY, FALLBACK)
    }


def sympa_conf(facts: HostFacts) -> str:
    """The lines to set in sympa.conf. No -C: the wrapper gives the release that is current."""
    return f"sendmail\t{facts.wrapper}\nsendmail_args\t{SYMPA_ARGUMENTS}\n"


def check_facts(intent: Intent, facts: HostFacts) -> tuple[Finding, ...]:
    """Findings about facts that no configuration can be written from."""
    findings = [*check_host(facts.local_mta_host, field="local_mta_host")]
    findings += check_port(str(facts.local_mta_port), field="local_mta_port")
    if facts.kind is not HostKind.LIST_SERVER:
        text = f"{facts.name} is no list server: it has no mailertable of its own."
        findings.append(_fact("kind", facts, text, "Render for a list server."))
    if "." not in facts.fqdn:
        text = (
            f"{facts.name} calls itself {facts.fqdn!r}, which is not fully qualified: sendmail"
            " sleeps 60 s at each start there."
        )
        advice = f"Write the whole name before {facts.fqdn} in its line of /etc/hosts there."
        findings.append(_fact("fqdn", facts, text, advice))
    if intent.server != facts.name:
        text = f"This intent is of {intent.server}, not of {facts.name}."
        findings.append(_fact("name", facts, text, "Use the facts of the same host."))
    findings += [_unfit(name, facts) for name in RENDERED if not _fits(name, facts)]
    return tuple(findings)


def _fits(name: str, facts: HostFacts) -> bool:
    text = str(getattr(facts, name))
    if name in PATHS or (name == "service_switch" and text):
        return bool(PLAIN_PATH.fullmatch(text)) and "/.." not in text and mc_safe(text)
    if name in ("run_as_user", "run_as_group", "trusted_user"):
        return bool(USER_NAME.fullmatch(text)) and mc_safe(text)
    if name == "local_mta_host" and ipv6_of(text) is not None:
        return True
    return mc_safe(text) and " " not in text


def _unfit(name: str, facts: HostFacts) -> Finding:
    text = f"The fact {name} of {facts.name} is {getattr(facts, name)!r}, which m4 may not copy."
    advice = (
        "Use small letters, digits and . _ / + -, a path from the root, "
        "and no word that m4 knows, such as dnl or include."
    )
    return _fact(name, facts, text, advice)


def _fact(name: str, facts: HostFacts, text: str, advice: str) -> Finding:
    return Finding(f"fact_{name}", Severity.ERROR, facts.name, text, advice, name)


def check_site_m4(text: str) -> tuple[Finding, ...]:
    """Findings about the site's own m4: no command, no other file, no changed quotes.

    It keeps accidents out. Whoever may write this text decides what sendmail does on the host.
    """
    findings = [_site_word(number, word) for number, word in _refused_words(text)]
    if not text.isascii() or "\0" in text or "\r" in text:
        words = "local.m4 holds a character outside ASCII, a NUL or a carriage return."
        findings.append(_site_error(words, "Write it in plain ASCII.", 0))
    return tuple(findings)


def _refused_words(text: str) -> Iterable[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        for word in re.findall(r"[A-Za-z_]\w*", line):
            if word in SITE_M4_REFUSED:
                yield number, word


def _site_word(number: int, word: str) -> Finding:
    return _site_error(f"local.m4 uses {word}.", "Write the text itself.", number)


def _site_error(text: str, advice: str, line: int) -> Finding:
    return Finding("site_m4", Severity.ERROR, LOCAL_M4, text, advice, "site_m4", line)
