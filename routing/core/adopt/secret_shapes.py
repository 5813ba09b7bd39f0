"""Secrets that no word announces: by their shape, and by where a site keeps values of its own.

A macro that sendmail does not know may hold anything, so of its value only what is plainly the name
of a machine, an address, a path, a number or an expression of sendmail stays.
"""

from __future__ import annotations

import re

BLANK = "***"
PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|PuTTY-User-Key-File-\d")
"""A file that holds one is not sent at all."""
HASHES = re.compile(
    r"\$(?:1|2[abxy]?|5|6|7|y|gy|apr1)\$[./A-Za-z0-9=,$]{1,80}\$[./A-Za-z0-9]{16,}"
    r"|(?<!D)\{(?:S?SHA\d*|S?MD5|CRYPT|CRAM-MD5|DIGEST-MD5|PLAIN|CLEAR(?:TEXT)?|PBKDF2|SCRAM)[\w-]*\}"
    r"[^\s'\"`,)]+",
    re.IGNORECASE,
)
"""What crypt(3) and LDAP make of passwords."""
AUTH_COMMAND = re.compile(
    r"(?P<name>\bAUTH[ \t]+(?:PLAIN|LOGIN|CRAM-MD5)[ \t]+)(?P<value>[^\s'`\"]+=*)"
)
TOKEN = re.compile(r"(?<![\w./@:-])[A-Za-z0-9+/_-]{12,}={0,2}(?![\w./@])")
"""A word that is no part of a name with dots, of a path or of an address."""
PART_OF_NAME = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}|[_-]")
KINDS = (str.islower, str.isupper, str.isdigit)
OWN_MACRO = re.compile(
    r"(?P<name>^\s*D(?![A-Z_]+\()(?:\{(?P<long>[^}]*)\}|(?P<short>\w)))(?P<value>.*)"
)
OWN_DEFINE = re.compile(r"(?P<name>\bdefine\(\s*`?(?P<long>\w+)'?\s*,\s*)`(?P<value>[^']*)'")
OWN_HEADER = re.compile(
    r"(?P<name>^\s*H(?:\?[^?]*\?)*[\w-]*(?:auth|token|key|cred)[\w-]*\s*:\s*)(?P<value>\S.*)",
    re.IGNORECASE,
)
PLAIN = re.compile(
    r"\s*|\[?[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+\.?\]?|\[[0-9A-Fa-f:.]+\]|/[\w./@%+-]*"
    r"|[\w.+-]+@[\w.-]+|-?\d{1,9}[a-z]?|(?:\w+:)?\[?[\w-]+(?:\.[\w-]+)+\]?"
)
KNOWN_MACROS = frozenset("EHLMRSUZjmnw")
KNOWN_LONG = frozenset({"sendmailMTACluster", "load_avg", "daemon_flags", "ResOk", "ntries"})
DEFINES = re.compile(
    r"conf[A-Z]\w*|_\w*_|__\w+__"
    r"|(?:[A-Z0-9]+_)*(?:RELAY|ARGS|MAX|PATH|USER|FLAGS|CODE|CHARSET|QGRP|DIR|FILE|MAP|OPT|TO|HOST|HUB"
    r"|NAME|REGEX|SIZE|COMMAND|FILTERS)"
)
"""What sendmail's own cf/ asks for: conf… and names that end so (8.17.1)."""
WORDS_OF_SECRETS = re.compile(
    r"(?:^|_|(?<=[a-z]))(?:pw|pwd|pass\w*|secret\w*|token|api_?key|psk|cred\w*|auth_?key|login|otp|pin|key)(?:$|_|(?=[A-Z]))",
    re.IGNORECASE,
)


def without_shapes(line: str) -> str:
    """The line without what is a secret by its shape, or may be one where it stands."""
    line = HASHES.sub(BLANK, line)
    for pattern in (AUTH_COMMAND, OWN_HEADER):
        line = pattern.sub(lambda match: f"{match['name']}{BLANK}", line)
    line = OWN_MACRO.sub(_macro, line)
    line = OWN_DEFINE.sub(_define, line)
    return TOKEN.sub(lambda match: BLANK if is_random(match[0]) else match[0], line)


def is_random(word: str) -> bool:
    """Whether a word looks drawn and not written: its letters, capitals and digits change places
    all the time, and little of it is left when parts of names are taken out."""
    kinds = [next((n for n, is_kind in enumerate(KINDS) if is_kind(s)), 3) for s in word]
    moves = sum(a != b and 3 not in (a, b) for a, b in zip(kinds, kinds[1:], strict=False))
    rest = len(PART_OF_NAME.sub("", word))
    if 2 not in kinds and "/" in word:
        return False  # the rulesets of a mailer, EnvFromL/HdrFromL
    least = len(word) // 5 if 2 in kinds else 2 * len(word) // 5
    return moves >= max(4, least) and rest >= max(7, len(word) // 3)


def _macro(match: re.Match[str]) -> str:
    name = match["long"] or match["short"] or ""
    if match["short"] in KNOWN_MACROS or name in KNOWN_LONG or _is_plain(match["value"], name):
        return match[0]
    return f"{match['name']}{BLANK}"


def _define(match: re.Match[str]) -> str:
    """A name that sendmail's own files may define keeps its value, unless it speaks of a secret."""
    name, value = match["long"], match["value"]
    ours = DEFINES.fullmatch(name) is not None
    if (ours and not WORDS_OF_SECRETS.search(name)) or _is_plain(value, name):
        return match[0]
    return f"{match['name']}`{BLANK}'"


def _is_plain(value: str, name: str) -> bool:
    """A name of a machine, an address, a path, a number, or an expression of macros."""
    if value.startswith("$") and not any(is_random(word) for word in TOKEN.findall(value)):
        return True
    if value.strip() in (BLANK, "") or PLAIN.fullmatch(value.strip()):
        is_path = value.strip().startswith("/")
        return is_path or value.strip() in (BLANK, "") or not WORDS_OF_SECRETS.search(name)
    return False
