"""What may reach a `.mc`: text that m4 copies as it is."""

from __future__ import annotations

import re

MC_CHARACTERS = re.compile(r"[A-Za-z0-9._/:\[\]+ -]*")
MC_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
MC_MACRO = re.compile(r"_\w*_|__\w*|[A-Z][A-Z0-9]*_[A-Z0-9_]*|conf[A-Z]\w*")
MC_MACROS = frozenset(
    # fmt: off
    (
        "CHKORX",
        "CONCAT",
        "DOL",
        "DOMAIN",
        "FEATURE",
        "HACK",
        "MAILER",
        "OSTYPE",
        "POPDIVERT",
        "PUSHDIVERT",
        "SITE",
        "SITECONFIG",
        "TEMPFILE",
        "UUCPSMTP",
        "VERSIONID",
        "lower",
        "strcasecmp",
    )
    # fmt: on
)
"""What sendmail's cf/ defines without an underscore in the name (8.17.1)."""
M4_BUILTINS = frozenset(
    # fmt: off
    (
        "builtin",
        "changecom",
        "changequote",
        "changeword",
        "debugfile",
        "debugmode",
        "decr",
        "define",
        "defn",
        "divert",
        "divnum",
        "dnl",
        "dumpdef",
        "errprint",
        "esyscmd",
        "eval",
        "format",
        "ifdef",
        "ifelse",
        "include",
        "incr",
        "index",
        "indir",
        "len",
        "m4exit",
        "m4wrap",
        "maketemp",
        "mkstemp",
        "patsubst",
        "popdef",
        "pushdef",
        "regexp",
        "shift",
        "sinclude",
        "substr",
        "syscmd",
        "sysval",
        "traceoff",
        "traceon",
        "translit",
        "undefine",
        "undivert",
    )
    # fmt: on
)


def mc_safe(text: str) -> bool:
    """True when m4 copies the text unchanged: plain characters, and no word that is a macro.

    m4 runs commands (`esyscmd`), and a bare `dnl` in a path swallows the rest of its line.
    """
    if not MC_CHARACTERS.fullmatch(text):
        return False
    words = MC_WORD.findall(text)
    macros = M4_BUILTINS | MC_MACROS
    return not any(word in macros or MC_MACRO.fullmatch(word) for word in words)
