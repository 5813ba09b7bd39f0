"""What answers have in common: one reason for all that differ only in what is individual.

Of what sendmail says itself the next hop is kept; of a server's reply its code and DSN code are,
and addresses, hosts, ids, numbers and quoted text become a word. So ten thousand greylisted
messages have one reason, and two relays that refuse connections have two.
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST = 240
MOST_WORDS = 10_000
MOST_ANSWERS = 10_000

_REPLY = re.compile(r"(?<![^\s:(])[245][0-9]{2}(?=[ -]|$)")
_OWN_REPLY = re.compile(r"[245][0-9]{2} [0-9.]+ reply: read error from ")
"""sendmail writes this code itself, and the next hop behind it."""
_ADDRESS = re.compile(r"<?[^\s<>()\"',;:]+@[^\s<>()\"',;]+[^\s<>()\"',;:.]>?")
_LOOKED_UP = re.compile(
    r"(?P<before>host map: lookup \(|Name server: )[^\s<>)]+?(?P<after>\.?\)?: )", re.IGNORECASE
)
_QUOTED = re.compile(r"\"[^\"]*\"|(?<!\w)'[^']*'(?!\w)")
_WORD = re.compile(r"(?P<before>[\[({<\"'#=]*)(?P<core>[^\s]*?)(?P<after>[\])}>\"'.,;:!?]*)")
_CODE = re.compile(
    r"[245][0-9]{2}-?|(?:[245][0-9]{2}-)?[245]\.[0-9]{1,3}\.[0-9]{1,3}"
    r"|[A-Z]{2,6}[_-]?[0-9]{1,3}(?:_[0-9]{1,3})?"
)
"""SMTP, DSN, and a provider's own, such as TSS04 or OFR004_104."""
_IP = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){3,7}")
_HOST = re.compile(r"(?:[A-Za-z0-9_-]+\.)+[A-Za-z]{2,}")
_NUMBER = re.compile(r"[0-9][0-9:/.,-]*(?:s|sec|ms|min|m|h|kB|KB|MB|%)?")
_IDENTITY = re.compile(r"(?=.{8})(?=(?:[^0-9]*[0-9]){2})[A-Za-z0-9_.=+/~-]+")


@lru_cache(MOST_ANSWERS)
def fold(answer: str) -> str:
    """The reason of an answer as sendmail wrote it, "" for none; of a reason it is the same."""
    reply = reply_in(answer)
    at = reply.start() if reply else len(answer)
    own = _LOOKED_UP.sub(r"\g<before><domain>\g<after>", answer[:at])
    own = _without_addresses(own)
    return (own + _folded(answer[at:]) if reply else own)[:LONGEST].rstrip()


def is_put_off(answer: str) -> bool:
    """Whether a server said *later* in it (4xx), on a connection that it had taken."""
    reply = reply_in(answer)
    return reply is not None and reply[0].startswith("4")


def reply_in(answer: str) -> re.Match[str] | None:
    """Where in it a server's own words begin: its code; None where no server said anything."""
    reply = _REPLY.search(answer)
    return None if reply and _OWN_REPLY.match(answer, reply.start()) else reply


def _folded(reply: str) -> str:
    """What a server said: its codes stay, which are the first words."""
    if "'" in reply or '"' in reply:
        reply = _QUOTED.sub("<text>", reply)
    first, *words = _without_addresses(reply).split()
    return " ".join([first, *(_word(word) for word in words)])


def _without_addresses(text: str) -> str:
    """To look for one is dear where there is none."""
    return _ADDRESS.sub("<address>", text) if "@" in text else text


@lru_cache(MOST_WORDS)
def _word(word: str) -> str:
    if "://" in word:
        return re.split(r"[?#]", word)[0]
    found = _WORD.fullmatch(word)
    if found is None:
        return word
    return f"{found['before']}{_kind(found['core'])}{found['after']}"


def _kind(core: str) -> str:
    if _CODE.fullmatch(core):
        return core
    if _IP.fullmatch(core):
        return "<ip>"
    if _HOST.fullmatch(core):
        return "<host>"
    if _NUMBER.fullmatch(core):
        return "N"
    return "<id>" if _IDENTITY.fullmatch(core) else core
