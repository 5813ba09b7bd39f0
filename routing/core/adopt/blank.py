"""Takes what is secret out of a configuration file, line by line, before anything leaves its host.

Of Sympa's files only parameters that are known to hold no secret keep their value. Of sendmail's
everything stays but what stands where a secret may: a word after "password", an AuthInfo entry, the
credentials of an address, a word that looks drawn, the value of a macro of the site's own
(`secret_shapes.py`). In a table a name may be any word, so only its comments are treated so.
Too much is blanked rather than too little; no line is added or removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

from routing.core.adopt.secret_shapes import BLANK, without_shapes

SHOWN = frozenset(
    {
        "alias_manager", "aliases_db_type", "aliases_program", "bounce_path", "create_list",
        "domain", "email", "etc", "expl_path", "gecos", "home", "host", "http_host", "lang",
        "listmaster", "log_level", "max_size", "maxsmtp", "nrcpt", "queue", "queueautomatic",
        "queuebounce", "queuebulk", "queuemod", "return_path_suffix", "sendmail",
        "sendmail_aliases", "sendmail_args", "sendmail_args_separator", "spool",
        "static_content_path", "syslog", "sympa_packet_priority", "title", "tmpdir", "umask",
        "wwsympa_url",
    }
)  # fmt: skip
"""Parameters of sympa.conf and robot.conf (sympa_config(5)) that name no secret."""
PARAMETER = re.compile(r"(?P<name>\s*[A-Za-z][\w.]*)(?P<gap>\s+)(?P<value>\S.*)")
SECRET = re.compile(
    r"(?<![\w/.-])[\w.-]*(?:pass(?:wor[dt]|wd|phrase|(?=\s*[=:]))|secret|bindpw|credential|cookie)[\w.-]*",
    re.IGNORECASE,
)
AUTH_INFO = re.compile(r"(?P<name>^\s*AuthInfo:\S*[ \t]+)(?P<value>.*)", re.IGNORECASE)
AUTH_PART = re.compile(r"""(?P<name>["'`][UIPRM][:=])(?P<value>[^"']*)""", re.IGNORECASE)
AT_HOST = re.compile(r"(?P<name>\w://[^\s:/@]*:)(?P<value>[^\s@/]+)(?=@)")
LDAP_SECRET = re.compile(r"(?P<name>\s-P\s*)(?P<value>(?=[^/\s])\S+)")
WORD = re.compile(r"[^\s`'\"(),:=<>\[\]]+")
FILE = re.compile(r"/[\w./@%+-]+")


class Blanks(StrEnum):
    """How a file is blanked."""

    SYMPA = "sympa"
    SENDMAIL = "sendmail"
    TABLE = "table"


def blanked(text: str, how: Blanks) -> tuple[str, int]:
    """The text without its secrets, and how many of its lines were changed for that."""
    return HOW[how](text)


def _sympa(text: str) -> tuple[str, int]:
    """A comment may be a parameter of yesterday, so of comments only the sign stays."""
    lines, changed = [], 0
    for line in text.split("\n"):
        shown = _parameter(line)
        changed += shown != line and not line.lstrip().startswith("#")
        lines.append(shown)
    return "\n".join(lines), changed


def _parameter(line: str) -> str:
    if not line.strip():
        return line
    if line.lstrip().startswith("#"):
        return "#"
    match = PARAMETER.fullmatch(line)
    if match is None:
        return line if line.strip() in SHOWN else BLANK
    if match["name"].strip() in SHOWN:
        return _line(line)[0]
    return f"{match['name']}{match['gap']}{BLANK}"


def _sendmail(text: str) -> tuple[str, int]:
    """A secret may stand on the line after the word that announces it."""
    lines, changed, awaits = [], 0, False
    for line in text.split("\n"):
        shown, awaits = (_words(line), False) if awaits else _line(line)
        shown = without_shapes(shown)
        changed += shown != line
        lines.append(shown)
    return "\n".join(lines), changed


def _table(text: str) -> tuple[str, int]:
    lines, changed = [], 0
    for line in text.split("\n"):
        said, sign, comment = line.partition("#")
        key = said.split(None, 1)[0] if said.strip() else ""
        # No name of a host: another file was named as the table.
        is_name = "." in key or not SECRET.search(key)
        said = _known(said) if is_name else _line(said)[0]
        shown = f"{said}{sign}{_line(comment)[0]}"
        changed += shown != line
        lines.append(shown)
    return "\n".join(lines), changed


def _line(line: str) -> tuple[str, bool]:
    """The line without its secrets, and whether one is still to come."""
    line = _known(line)
    match = SECRET.search(line)
    if match is None:
        return line, False
    rest = line[match.end() :]
    has_value = any(word != "dnl" for word in WORD.findall(rest))
    return line[: match.end()] + _words(rest), not has_value and bool(rest.strip(" \t'\")"))


def _known(line: str) -> str:
    """Without what is a secret by its form."""
    for pattern in (AUTH_INFO, AUTH_PART, AT_HOST, LDAP_SECRET):
        line = pattern.sub(lambda match: f"{match['name']}{BLANK}", line)
    return line


def _words(text: str) -> str:
    """Every word blanked but the name of a file, for that is where a secret ought to be."""
    return WORD.sub(
        lambda match: match[0] if match[0] == "dnl" or FILE.fullmatch(match[0]) else BLANK, text
    )


HOW: Mapping[Blanks, Callable[[str], tuple[str, int]]] = {
    Blanks.SYMPA: _sympa,
    Blanks.SENDMAIL: _sendmail,
    Blanks.TABLE: _table,
}
