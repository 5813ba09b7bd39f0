"""One address as a person writes it, read as sendmail's ruleset 3 reads it.

Measured on 8.17.1: dots after the domain are dropped; a comment, a comma, a blank or a colon makes
another address of it, or two; `user%host` without a domain, or at a name of the host itself, is
`user@host`; `host!user` is a UUCP path. What is not one plain mailbox is refused here with the
reason: an answer about another address than the one that was asked is worse than none.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass

from routing.core.names import ipv6_of, normalise_name

DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")
QUOTED = re.compile(r'"(?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*"')
DOMAIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
SPECIAL = re.compile(r"[%!@:]")
DELIVERS_ITSELF = ("/", "|", ":", "\\")
"""What sendmail takes for a file, a program, a list, or "no further": only for its own names."""


class BadAddress(ValueError):
    """Why a text is not one address that can be answered; the message is for the person."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """`domain` in lower case and A-labels without a last dot, `[…]` for a literal, "" for none.

    `absolute` is true where a last dot was written.
    """

    local: str
    domain: str
    absolute: bool = False

    @property
    def is_literal(self) -> bool:
        """True for `user@[192.0.2.1]`, which no key ever matches."""
        return self.domain.startswith("[")


def read_address(text: str, *, own_names: Collection[str] = ()) -> Mailbox:
    """Read one address, with or without angle brackets and a name before them.

    `own_names`, in lower case, are those that the host takes for itself. Raises BadAddress.
    """
    local, domain = _split(_bare(text))
    if local == "":
        raise BadAddress(f"{text.strip() or 'The address'} names no user before the @.")
    _check_local(local)
    mailbox = Mailbox(local, "") if domain is None else _mailbox(local, domain)
    if mailbox.domain and mailbox.domain not in own_names:
        return mailbox
    return _at_the_host(mailbox, own_names)


def _bare(text: str) -> str:
    text = text.strip()
    if not text:
        raise BadAddress("There is no address to look up.")
    if not text.isprintable():
        raise BadAddress("The address holds a control character; no address can.")
    match = re.fullmatch(r"[^<>@]*<([^<>]*)>", text)
    return match[1].strip() if match else text


def _split(text: str) -> tuple[str, str | None]:
    """Local part and domain; None where there is no @ outside quotes."""
    quoted = QUOTED.match(text)
    if quoted:
        rest = text[quoted.end() :]
        if not rest:
            return quoted[0], None
        if rest.startswith("@"):
            return quoted[0], rest[1:]
    if text.count("@") > 1:
        raise BadAddress(f"{text} holds more than one @: write one address, user@domain.")
    local, at, domain = text.partition("@")
    return local, (domain if at else None)


def _check_local(local: str) -> None:
    if DOT_ATOM.fullmatch(local) or QUOTED.fullmatch(local):
        return
    if not local.isascii():
        raise BadAddress(
            f"{local} before the @ is not ASCII, and this sendmail has no SMTPUTF8: "
            "such an address cannot be delivered."
        )
    stray = " ".join(sorted({repr(sign)[1:-1] for sign in DOT_ATOM.sub("", local)}))
    stray = stray.replace(" ", "a blank") if stray.strip() == "" else stray
    raise BadAddress(
        f"{local} before the @ holds {stray}, which makes another address of it for sendmail. "
        "Write one address, user@domain."
    )


def _mailbox(local: str, written: str) -> Mailbox:
    return Mailbox(local, _domain(written.strip()), absolute=written.rstrip().endswith("."))


def _domain(written: str) -> str:
    if written.startswith("["):
        return _literal(written)
    name = normalise_name(written).rstrip(".").lower()
    if not name:
        raise BadAddress("There is no domain after the @.")
    if name.startswith(".") or ".." in name:
        raise BadAddress(f"{written} has an empty label: sendmail says Invalid host name.")
    if not DOMAIN.fullmatch(name):
        raise BadAddress(f"{written} holds characters that no domain name can have.")
    if name == "uucp" or name.endswith(".uucp"):
        raise BadAddress(f"{written} is a UUCP path for sendmail, not a domain.")
    return name


def _literal(written: str) -> str:
    inside = written[1:-1] if written.endswith("]") else ""
    if ipv6_of(written) is not None and inside[:5].lower() == "ipv6:":
        return f"[{inside.lower()}]"
    try:
        return f"[{ipaddress.IPv4Address(inside)}]"
    except ValueError:
        advice = "Write [192.0.2.1] or [IPv6:2001:db8::1]."
        raise BadAddress(f"{written} is not an address literal. {advice}") from None


def _at_the_host(mailbox: Mailbox, own_names: Collection[str]) -> Mailbox:
    """A local part at the host's own name may name another host, a file or a program."""
    local = mailbox.local
    if local.startswith(DELIVERS_ITSELF):
        raise BadAddress(f"{local} is a file, a program or a list for sendmail, not a mailbox.")
    if not SPECIAL.search(local):
        return mailbox
    if "!" in local or not DOT_ATOM.fullmatch(local):
        raise BadAddress(f"{local} names another host in an old form; write user@host.")
    user, _, host = local.rpartition("%")
    if not user or not host:
        raise BadAddress(f"{local} has nothing on one side of its %; write user@host.")
    return read_address(f"{user}@{host}", own_names=own_names)
