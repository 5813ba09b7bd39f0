"""An existing `.cf`, of which no `.mc` is left, as the statements that would make it.

It is compared with what m4 makes of a configuration that says nothing, on the same host: what is
the same there is nobody's doing. The rest becomes `define`, `FEATURE` and blocks, as a person would
write them, with the lines of the `.cf`; what has no such form is strange, and for a person to read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from routing.core.adopt.cf import Configuration, Rule, Statement
from routing.core.adopt.conf_names import CONF_NAMES
from routing.core.adopt.mc import Block, Call, Statements

MAP_FEATURES: Mapping[str, str] = {
    "mailertable": "mailertable",
    "access": "access_db",
    "authinfo": "authinfo",
    "virtuser": "virtusertable",
    "generics": "genericstable",
    "domaintable": "domaintable",
}
"""Map → the feature that makes it (cf/feature)."""
RULE_FEATURES: Sequence[str] = (
    "nocanonify",
    "always_add_domain",
    "masquerade_envelope",
    "masquerade_entire_domain",
    "allmasquerade",
    "limited_masquerade",
    "accept_unresolvable_domains",
    "accept_unqualified_senders",
    "relay_entire_domain",
    "promiscuous_relay",
    "delay_checks",
)
"""Features that are seen in rules alone."""
MACROS: Mapping[str, str] = {
    "S": "SMART_HOST",
    "R": "LOCAL_RELAY",
    "H": "MAIL_HUB",
    "L": "LUSER_RELAY",
    "B": "BITNET_RELAY",
    "C": "DECNET_RELAY",
    "F": "FAX_RELAY",
    "Y": "UUCP_RELAY",
    "j": "confDOMAIN_NAME",
    "n": "confMAILER_NAME",
}
VERSION_MACRO = "Z"
CLASSES: Mapping[str, str] = {
    "M": "MASQUERADE_DOMAIN",
    "E": "EXPOSED_USER",
    "G": "GENERICS_DOMAIN",
    "R": "RELAY_DOMAIN",
    "{VirtHost}": "VIRTUSER_DOMAIN",
}
MAILERS = frozenset({"procmail", "cyrus", "cyrusv2", "fax", "uucp", "usenet", "qpage", "mail11"})
RULE_BLOCKS: Mapping[str, str] = {"98": "LOCAL_RULE_0", "ParseLocal": "LOCAL_RULE_0"}


def stock_mc(theirs: Configuration, *, ostype: str, features: Iterable[str] = ()) -> str:
    """A `.mc` that says nothing but which features the maps of `theirs` show, and `features`."""
    shown = [MAP_FEATURES[item.name] for item in theirs.maps if item.name in MAP_FEATURES]
    lines = ["divert(0)dnl", "include(_CF_DIR_`m4/cf.m4')dnl", f"OSTYPE(`{ostype}')dnl"]
    lines += [f"FEATURE(`{name}')dnl" for name in dict.fromkeys((*features, *shown))]
    # It changes rules too; its value is a macro, and cannot be more than a name here.
    if any(name == "M" and value for _, name, value in theirs.macros):
        lines.append("MASQUERADE_AS(`masquerade.invalid')dnl")
    return "".join(f"{line}\n" for line in (*lines, "MAILER(`local')dnl", "MAILER(`smtp')dnl"))


def foreign_rules(theirs: Configuration, stock: Configuration) -> tuple[Rule, ...]:
    """The rules that the stock configuration has not, each as often as it has them less."""
    known = Counter(_rule(rule) for rule in stock.rules)
    found = []
    for rule in theirs.rules:
        known[_rule(rule)] -= 1
        if known[_rule(rule)] < 0:
            found.append(rule)
    return tuple(found)


def missing_rules(theirs: Configuration, stock: Configuration) -> Mapping[str, int]:
    """Ruleset → how many rules of the stock one are gone from it."""
    left = Counter(_rule(rule) for rule in theirs.rules)
    gone: Counter[str] = Counter()
    for rule in stock.rules:
        left[_rule(rule)] -= 1
        if left[_rule(rule)] < 0:
            gone[rule.ruleset] += 1
    return gone


def _rule(rule: Rule) -> tuple[str, str, str]:
    return rule.ruleset, rule.left, rule.right


def statements_of_cf(
    theirs: Configuration, stock: Configuration | None, features: Iterable[str] = ()
) -> Statements:
    """What somebody made of it. Without `stock` every option stands there, and no rule does.

    `features` are those that were found to be in its rules.
    """
    calls = [Call(0, "FEATURE", (name,)) for name in features]
    calls += _options(theirs, stock)
    blocks: list[Block] = []
    strange: list[tuple[int, str]] = []
    _macros(theirs, stock, calls, blocks)
    _classes(theirs, stock, calls, blocks)
    calls += _maps(theirs, stock, blocks)
    _mailers(theirs, stock, calls, strange)
    if stock is not None:
        _rules(theirs, stock, blocks, strange)
    strange += [(line, text) for line, text in _old_options(theirs, stock)]
    return Statements(tuple(calls), tuple(blocks), tuple(strange))


def _options(theirs: Configuration, stock: Configuration | None) -> Iterator[Call]:
    known = Counter((name, value) for _, name, value in (stock.options if stock else ()))
    for line, name, value in theirs.options:
        if (conf := CONF_NAMES.get(name)) and not known[name, value]:
            yield Call(line, "define", (conf, value))
    here = {name for _, name, _ in theirs.options}
    for _, name, _ in stock.options if stock else ():
        if name not in here and (conf := CONF_NAMES.get(name)):
            yield Call(0, "undefine", (conf,))


def _old_options(theirs: Configuration, stock: Configuration | None) -> Iterator[tuple[int, str]]:
    """Options that no `.mc` names: of one letter, of another release, or of a daemon."""
    known = {(name, value) for _, name, value in (stock.options if stock else ())}
    for line, name, value in theirs.options:
        if name not in CONF_NAMES and (name, value) not in known and not name.endswith("Options"):
            yield line, f"O {name}={value}"


def _macros(
    theirs: Configuration, stock: Configuration | None, calls: list[Call], blocks: list[Block]
) -> None:
    known = {(name, value) for _, name, value in (stock.macros if stock else ())}
    for line, name, value in theirs.macros:
        if (name, value) in known or name == VERSION_MACRO or not value:
            continue
        if name == "M":
            calls.append(Call(line, "MASQUERADE_AS", (value,)))
        elif name in MACROS:
            calls.append(Call(line, "define", (MACROS[name], value)))
        else:
            blocks.append(Block(line, "LOCAL_CONFIG", [f"D{_braced(name)}{value}"]))


def _classes(
    theirs: Configuration, stock: Configuration | None, calls: list[Call], blocks: list[Block]
) -> None:
    known = {(name, word) for _, name, words in (stock.words if stock else ()) for word in words}
    for line, name, words in theirs.words:
        own = [word for word in words if (name, word) not in known and word != "localhost"]
        call = CLASSES.get(name) or CLASSES.get(f"{{{name}}}")
        for word in own:
            if call is not None:
                calls.append(Call(line, call, (word,)))
            elif name == "w" or stock is not None:
                blocks.append(Block(line, "LOCAL_CONFIG", [f"C{_braced(name)}{word}"]))
    files = {(name, path) for _, name, path in (stock.class_files if stock else ())}
    for line, name, path in theirs.class_files:
        if name == "w":
            calls.append(Call(line, "FEATURE", ("use_cw_file",)))
            calls.append(Call(line, "define", ("confCW_FILE", path)))
        elif stock is not None and (name, path) not in files:
            blocks.append(Block(line, "LOCAL_CONFIG", [f"F{_braced(name)}{path}"]))


def _maps(
    theirs: Configuration, stock: Configuration | None, blocks: list[Block]
) -> Iterator[Call]:
    known = {item.text.strip() for item in (stock.of("K") if stock else ())}
    for item, found in zip(_with_maps(theirs), theirs.maps, strict=True):
        if found.name in MAP_FEATURES:
            said = " ".join(item.text.split()[1:])
            yield Call(found.line, "FEATURE", (MAP_FEATURES[found.name], said))
        elif item.text.strip() not in known and (stock is not None or found.file):
            text = f"K{item.text.strip()}"
            blocks.append(Block(found.line, "LOCAL_CONFIG", [text]))


def _with_maps(theirs: Configuration) -> list[Statement]:
    lines = {item.line for item in theirs.maps}
    return [item for item in theirs.of("K") if item.line in lines]


def _mailers(
    theirs: Configuration,
    stock: Configuration | None,
    calls: list[Call],
    strange: list[tuple[int, str]],
) -> None:
    known = {item.name: item.fields for item in (stock.mailers if stock else ())}
    for item in theirs.mailers:
        if stock is None and item.name not in MAILERS:
            continue
        if item.name in MAILERS:
            calls.append(Call(item.line, "MAILER", (item.name,)))
        elif item.name not in known:
            strange.append((item.line, f"M{item.name} is a mailer of the site's own."))
        elif other := _other_fields(item.fields, known[item.name]):
            strange.append((item.line, f"M{item.name} has {other}, which is not as delivered."))


def _other_fields(theirs: Mapping[str, str], stock: Mapping[str, str]) -> str:
    return ", ".join(
        f"{name}={value}" for name, value in theirs.items() if stock.get(name) != value
    )


def _rules(
    theirs: Configuration,
    stock: Configuration,
    blocks: list[Block],
    strange: list[tuple[int, str]],
) -> None:
    """Whole rulesets of the site's own are blocks; rules within one that sendmail delivers are
    for a person, but those of the place that is left for the site's."""
    delivered = {rule.ruleset for rule in stock.rules}
    gone = missing_rules(theirs, stock)
    own: dict[str, list[Rule]] = {}
    for rule in foreign_rules(theirs, stock):
        own.setdefault(rule.ruleset, []).append(rule)
    for name, rules in own.items():
        lines = [rule.text for rule in rules]
        if name in RULE_BLOCKS:
            blocks.append(Block(rules[0].line, RULE_BLOCKS[name], lines))
        elif name not in delivered:
            blocks.append(Block(rules[0].line, "LOCAL_RULESETS", [f"S{name}", *lines]))
        else:
            text = "\n".join([f"S{name}", *lines])
            more = f", and {gone[name]} delivered ones are gone" if gone.get(name) else ""
            strange.append((rules[0].line, f"{text}\n(rules that are not delivered{more})"))
    for name, count in gone.items():
        if name not in own:
            strange.append((0, f"S{name}: {count} delivered rules are gone."))


def _braced(name: str) -> str:
    return name if len(name) == 1 else f"{{{name}}}"
