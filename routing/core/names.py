"""Names as sendmail will read them: keys, hosts, ports.

Measured on sendmail 8.17.1 with a real table: a key with a port, brackets, `@`, `*`, a trailing
dot or non-ASCII letters is taken by makemap and never matches an address; `_` and single labels
match; the map folds letters to lower case.
"""

from __future__ import annotations

import ipaddress
import re

import idna

from routing.core.findings import Finding, Severity
from routing.core.intent import DEFAULT_KEY

NAME_LIMIT = 253
ADDRESS_LIMIT = 255
"""sendmail refuses a longer address ("too long"), so mail to it exists for no key."""
KEY_LIMIT = ADDRESS_LIMIT - len("probe@")
SUFFIX_LIMIT = KEY_LIMIT - len("probe.")
"""The longest keys that sendmail can be asked about."""
LABEL_LIMIT = 63
RELAY_NAME_LIMIT = 24
PORT_LIMIT = 65535

LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
RELAY_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")


def normalise_key(text: str) -> str:
    """A mailertable key in the one spelling that is stored: lower case, A-labels, no last dot.

    `.` stays, and so does the dot before a suffix. A text that cannot be a name comes back as far
    as it goes, so that `check_key` can say what is wrong with it.
    """
    text = text.strip()
    if text == DEFAULT_KEY:
        return text
    lead = "." if text.startswith(".") else ""
    name = normalise_name(text[len(lead) :])
    # Two dots with nothing between them must not become the key of everything else.
    return lead + name if name else text


def normalise_name(text: str) -> str:
    """A host or domain name: lower case, A-labels (UTS 46), no last dot; addresses unchanged."""
    text = text.strip()
    if any(sign.isspace() for sign in text):
        return text
    if text.isascii():
        return _unbracketed_lower(text)
    try:
        mapped = idna.uts46_remap(text, std3_rules=False, transitional=False)
        labels = [_a_label(label) for label in _without_last_dot(mapped).split(".")]
    except idna.IDNAError:
        return text
    return ".".join(labels)


def _unbracketed_lower(text: str) -> str:
    return text if text.startswith("[") else _without_last_dot(text).lower()


def _without_last_dot(text: str) -> str:
    """One dot at the end means the root; two are a mistake that must stay visible."""
    return text if text.endswith("..") else text.removesuffix(".")


def _a_label(label: str) -> str:
    return label.lower() if label.isascii() else idna.alabel(label).decode("ascii")


def display_name(key: str) -> str:
    """The key with its A-labels as people write them; the key itself where that is not possible."""
    lead = "." if key.startswith(".") else ""
    return lead + ".".join(_u_label(label) for label in key.removeprefix(".").split("."))


def _u_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.ulabel(label)
    except (idna.IDNAError, UnicodeError):
        return label


def check_key(text: str, *, field: str = "key", full_name: bool = False) -> tuple[Finding, ...]:
    """Findings about a key: a full name, `.suffix`, or `.` alone. `text` is normalised first.

    With `full_name` the advice offers nothing else; what is none is not refused for that alone.
    """
    key = normalise_key(text)
    if key == DEFAULT_KEY:
        return ()
    name = key.removeprefix(".")
    limit = SUFFIX_LIMIT if key.startswith(".") else KEY_LIMIT
    wrong = _too_long(limit) if len(name) > limit else _wrong_name(name)
    if _is_address(name.strip("[]")):
        wrong = "is an address: mail to an address literal never looks at the mailertable"
    if wrong is not None:
        advice = _instead(key, full_name=full_name)
        return (name_error("key_invalid", key or text, wrong, advice, field),)
    if "." not in name and not key.startswith("."):
        return (_single_label(key, field, full_name=full_name),)
    return ()


def _single_label(key: str, field: str, *, full_name: bool) -> Finding:
    return Finding(
        code="key_single_label",
        severity=Severity.WARNING,
        subject=key,
        text=f"{key} is one label: it matches mail to user@{key} only.",
        advice="Write the whole name."
        if full_name
        else f"Write the whole name, or .{key} for every name below it.",
        field=field,
    )


def check_host(text: str, *, field: str = "host") -> tuple[Finding, ...]:
    """Findings about one host: a bare name, an IPv4 address, or `[IPv6:…]`. No port, no brackets
    around a name: rendering writes them."""
    if ipv6_of(text) is not None or _is_address(text):
        return ()
    name = normalise_name(text)
    wrong = _wrong_name(name)
    if wrong is None:
        return ()
    return (name_error("host_invalid", text, wrong, _instead_of_host(text), field),)


def check_relay_name(text: str, *, field: str = "name") -> tuple[Finding, ...]:
    """Findings about the name of a relay target. It becomes part of a mailer's name."""
    if len(text) <= RELAY_NAME_LIMIT and RELAY_NAME.fullmatch(text):
        return ()
    wrong = (
        f"is not a short name of at most {RELAY_NAME_LIMIT} small letters, digits and inner hyphens"
    )
    return (name_error("relay_name_invalid", text, wrong, "Write a name such as smtp1.", field),)


def check_port(text: str, *, field: str = "port") -> tuple[Finding, ...]:
    """Findings about a TCP port as it was typed."""
    text = text.strip()
    if text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= PORT_LIMIT:
        return ()
    wrong = "is not a port"
    advice = f"Write a whole number from 1 to {PORT_LIMIT}; 25 is SMTP."
    return (name_error("port_invalid", text, wrong, advice, field),)


def ipv6_of(text: str) -> ipaddress.IPv6Address | None:
    """The address in `2001:db8::1`, `[2001:db8::1]` or `[IPv6:2001:db8::1]`; None for all else."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    bare = bare[5:] if bare[:5].lower() == "ipv6:" else bare
    try:
        return ipaddress.IPv6Address(bare)
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """True when the host names this machine whatever its name is: 127.0.0.0/8, ::1, localhost."""
    address = ipv6_of(host)
    if address is not None:
        mapped = address.ipv4_mapped
        return address.is_loopback or (mapped is not None and mapped.is_loopback)
    bare = host.strip("[]").lower()
    if _is_address(bare):
        return ipaddress.IPv4Address(bare).is_loopback
    return bare == "localhost" or bare.endswith(".localhost")


def _too_long(limit: int) -> str:
    return (
        f"is longer than {limit} characters: an address there would be longer than the"
        f" {ADDRESS_LIMIT} that sendmail takes"
    )


def _wrong_name(name: str) -> str | None:
    """Why the text is not a name in its stored spelling; None when it is one."""
    if not name:
        return "is empty"
    if not name.isascii():
        return "holds characters that no domain name can have"
    if len(name) > NAME_LIMIT:
        return f"is longer than {NAME_LIMIT} characters"
    for label in name.split("."):
        if not label:
            return "has an empty label"
        if len(label) > LABEL_LIMIT:
            return f"has a label longer than {LABEL_LIMIT} characters"
        if not LABEL.fullmatch(label):
            return f"has {label!r} in it, which no domain name can have"
    return None


def _is_address(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _instead(key: str, *, full_name: bool) -> str:
    """What to write in place of a key that cannot be one."""
    name = re.sub(r"^[a-z][a-z0-9+.-]*://", "", key)
    name = name.rpartition("@")[2].split("/")[0].strip("[]")
    name = re.sub(r":\d*$", "", name).rstrip(".")
    wild = re.sub(r"^\.?\*\.", ".", name)
    better = normalise_key(wild.removeprefix(".") if full_name else wild)
    bare = better.removeprefix(".")
    if better != key and "." in bare and not _wrong_name(bare) and not _is_address(bare):
        return f"Write {better}."
    if full_name:
        return "Write a full name, for example jres.org."
    return "Write a full name (jres.org), a suffix (.jres.org) or . for everything else."


def _instead_of_host(text: str) -> str:
    bare = re.sub(r":\d+$", "", text.strip()).strip("[]").rpartition("@")[2].rstrip(".")
    if bare != text and not _wrong_name(normalise_name(bare)):
        return f"Write {normalise_name(bare)}; a port has its own field."
    return "Write a name, an IPv4 address, or an IPv6 address as [IPv6:2001:db8::1]."


def name_error(code: str, subject: str, wrong: str, advice: str, field: str) -> Finding:
    shown = subject if subject.strip() else "The name"
    return Finding(code, Severity.ERROR, subject, f"{shown} {wrong}.", advice, field)
