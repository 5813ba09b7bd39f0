"""All that is known of an existing list server before anything is written: one report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from routing.core.adopt.cf import read_cf
from routing.core.adopt.cf_statements import statements_of_cf
from routing.core.adopt.information import Access, Aliases
from routing.core.adopt.mc import Statements, defines, read_mc
from routing.core.adopt.names import OwnName, own_names
from routing.core.adopt.options import Option, Verdict, judge, local_m4
from routing.core.adopt.sympa import Robot, check_sympa, missing_robots, robots
from routing.core.facts import HostFacts
from routing.core.findings import Finding, Severity
from routing.core.intent import DEFAULT_KEY, SMTP_PORT, Intent, ObjectKind
from routing.core.mailers import ESMTP
from routing.core.mailertable import Line, Parsed, classify, parse_mailertable
from routing.core.next_hop import split_next_hop
from routing.core.validate import OWN_NAME, validate_intent


@dataclass(frozen=True, slots=True)
class Stock:
    """What m4 makes, on the host of a `.cf`, of one that says nothing; "" where nobody asked it.

    `features` are those of its rules that brought it nearest to the `.cf`.
    """

    cf: str = ""
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sources:
    """Texts of an existing list server. Only the table is needed.

    `class_w_files` maps the paths that the configuration reads class w from to their text;
    `sympa` maps `sympa.conf` and each `DOMAIN/robot.conf`. `access` and `aliases` are for
    information. `cf` counts where there is no `mc`, which `mc_name` then names.
    """

    mailertable: str
    mc: str = ""
    class_w_files: Mapping[str, str] = field(default_factory=dict)
    sympa: Mapping[str, str] = field(default_factory=dict)
    mc_name: str = "sympa.mc"
    access: Access | None = None
    aliases: Aliases | None = None
    cf: str = ""
    stock: Stock = Stock()

    @property
    def statements(self) -> Statements:
        """Of the `.mc`; where there is none, those that would make the `.cf`."""
        if self.mc or not self.cf:
            return read_mc(self.mc)
        stock = read_cf(self.stock.cf) if self.stock.cf else None
        return statements_of_cf(read_cf(self.cf), stock, self.stock.features)


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line of the table; `number` is 0 where the configuration, not the table, says it."""

    number: int
    key: str
    value: str
    kind: ObjectKind


@dataclass(frozen=True, slots=True)
class Report:
    """What the server would become. Nothing may be written while there is an error."""

    intent: Intent
    lines: tuple[ReportLine, ...]
    options: tuple[Option, ...]
    own_names: tuple[OwnName, ...]
    robots: tuple[Robot, ...]
    findings: tuple[Finding, ...]
    local_m4: str
    access: Access | None = None
    aliases: Aliases | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings for which nothing may be written."""
        return tuple(item for item in self.findings if item.severity is Severity.ERROR)

    @property
    def kinds(self) -> Mapping[ObjectKind, int]:
        """How many lines become what."""
        return dict(Counter(line.kind for line in self.lines))

    @property
    def changes(self) -> tuple[Option, ...]:
        """The statements that ours does not say the same way, and that touch submissions."""
        quiet = {Verdict.SAME, Verdict.DAEMON}
        return tuple(option for option in self.options if option.verdict not in quiet)


def report(
    sources: Sources, facts: HostFacts, *, new_id: Callable[[], UUID], relay_port: int = SMTP_PORT
) -> Report:
    """Read everything, write nothing. `relay_port` is where the target of `.` listens."""
    theirs = sources.statements
    parsed, moved = _with_smart_host(parse_mailertable(sources.mailertable), theirs, sources)
    intent = classify(parsed.lines, server=facts.name, new_id=new_id, relay_port=relay_port)
    names = own_names(theirs, sources.class_w_files, sources.mc_name)
    found = robots(sources.sympa)
    findings = [
        *parsed.findings,
        *moved,
        *_validated(intent, facts, parsed.lines, names),
        *_were_local(parsed.lines, names, facts, _domains(intent)),
        *_robots(intent, found, facts, sources),
        *_lists(intent, found, sources.aliases),
        *_uncompared(sources),
    ]
    options = judge(theirs, facts) if sources.mc or sources.cf else ()
    kinds = {item.key: item.kind for item in intent.objects}
    lines = tuple(
        ReportLine(line.number, line.key, line.value, kinds[line.key]) for line in parsed.lines
    )
    return Report(
        intent,
        lines,
        options,
        names,
        found,
        tuple(findings),
        local_m4(options),
        sources.access,
        sources.aliases,
    )


def _with_smart_host(
    parsed: Parsed, theirs: Statements, sources: Sources
) -> tuple[Parsed, list[Finding]]:
    """SMART_HOST is the way of everything that no line decides: in ours the line `.` says it."""
    said = [(call, value) for call, name, value in defines(theirs) if name == "SMART_HOST"]
    if not said or not said[-1][1]:
        return parsed, []
    call, value = said[-1]
    there = next((line for line in parsed.lines if line.key == DEFAULT_KEY), None)
    if there is not None:
        where = f"{sources.mc_name} line {call.line}"
        text = f"{where} says SMART_HOST {value}, and the table has a line . too."
        advice = f"The line . ({there.value}) wins in both; the other goes."
        return parsed, [_warning("smart_host_unused", DEFAULT_KEY, text, advice, there.number)]
    mailer, next_hop = _of_smart_host(value)
    line = Line(0, DEFAULT_KEY, mailer, next_hop)
    text = f"Everything else goes to {value} by SMART_HOST ({sources.mc_name} line {call.line})."
    advice = f"It becomes the line . with {line.value}."
    finding = _warning("smart_host", DEFAULT_KEY, text, advice, 0)
    return replace(parsed, lines=(*parsed.lines, line)), [finding]


def _of_smart_host(value: str) -> tuple[str, str]:
    """`mailer:host` or a host alone, which sendmail hands to its mailer relay: esmtp to port 25."""
    first = split_next_hop(value)[0]
    mailer, colon, rest = value.partition(":")
    if colon and "[" not in mailer and "." not in mailer and first == mailer:
        return (ESMTP if mailer == "relay" else mailer, rest)
    return (ESMTP, value)


def _validated(
    intent: Intent, facts: HostFacts, lines: Iterable[Line], names: Iterable[OwnName]
) -> Iterator[Finding]:
    """Those of the intent, with the lines of the table. A name of class w is told once, with where
    it was read: by `_were_local`."""
    numbers = {line.key: line.number for line in lines}
    told = {own.name for own in names}
    for item in validate_intent(intent, facts):
        if not (item.code == OWN_NAME and item.subject in told):
            yield replace(item, line=numbers.get(item.subject, 0))


def _were_local(
    lines: Iterable[Line], names: Iterable[OwnName], facts: HostFacts, domains: Collection[str]
) -> Iterator[Finding]:
    """Keys in class w: the line had no effect, and will have one unless ours knows the name too. A
    virtual domain whose name both know is taken here, as it says."""
    local = {own.name: own for own in names}
    for line in lines:
        own, stays = local.get(line.key), line.key in facts.class_w
        if own is None or (stays and line.key in domains):
            continue
        text = (
            f"{line.key} is a name of the host itself (class w, {own.source} line {own.line}): its"
            " line had no effect, and its mail went to the local MTA."
        )
        if stays:
            text += " That stays so: it is a name of the host in our configuration too."
            advice = "Remove the line: nothing changes by that."
        else:
            text = f"{text} Ours follows the line: {line.value}."
            advice = "Make it a virtual domain to keep its mail here."
        yield _warning("key_was_local", line.key, text, advice, line.number)


def _domains(intent: Intent) -> list[str]:
    """The virtual domains, in order."""
    return [item.key for item in intent.objects if item.kind is ObjectKind.VIRTUAL_DOMAIN]


def _robots(
    intent: Intent, found: tuple[Robot, ...], facts: HostFacts, sources: Sources
) -> Iterator[Finding]:
    if not sources.sympa:
        return
    yield from check_sympa(sources.sympa, wrapper=facts.wrapper)
    yield from missing_robots(_domains(intent), found)


def _lists(intent: Intent, found: tuple[Robot, ...], aliases: Aliases | None) -> Iterator[Finding]:
    """Lists of a domain that is neither served nor routed: their mail never comes here."""
    known = {item.key for item in intent.objects} | {robot.domain for robot in found}
    for domain, count in (aliases.domains if aliases else {}).items():
        if domain not in known:
            lists = "1 alias hands" if count == 1 else f"{count} aliases hand"
            text = f"{lists} mail for {domain} to Sympa, and the table has no line for it."
            advice = "Add it as a virtual domain, or remove the aliases."
            yield _warning("alias_without_line", domain, text, advice, 0)


def _uncompared(sources: Sources) -> Iterator[Finding]:
    """Without the stock one nobody knows which rules of a `.cf` are the site's own."""
    if sources.cf and not sources.mc and not sources.stock.cf:
        text = "Of the .cf only options, names and maps were looked at, not its rules."
        advice = "Have the host's agent read it: it compares the rules with those of its m4."
        yield _warning("rules_not_compared", sources.mc_name, text, advice, 0)


def _warning(code: str, subject: str, text: str, advice: str, line: int) -> Finding:
    return Finding(code, Severity.WARNING, subject, text, advice, "", line)
