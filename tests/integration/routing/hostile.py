"""Tables and addresses with everything that is legal and much that is not, from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

LABELS = ("a", "b", "b-c", "d_e", "xn--caf-dma", "lists", "9", "-x", "x-", "probe", "uucp")
TOPS = ("example", "org", "fr", "test", "uucp")
OWN = ("listes", "listes.renater.fr", "localhost")

HOPS = (
    "[192.0.2.1]",
    "[IPv6:2001:DB8::1]",
    "Hub.Example.org",
    "hub.example.",
    "[a.example]:[b.example]:c.example",
    "[a.example],[b.example]",
    "[a.example], [b.example] ,c.example",
    "a b",
    "a . b",
    "[a] b",
    "a.example:25",
    "[a.example]:25",
    "hub@b.example",
    "u@x@y",
    "@x",
    "u@",
    "x/y+z^w!v%w",
    "a=b#c&d*e?f|g~h{i}'j`k$l",
    "$j",
    "$#error",
    "a;b",
    ":a",
    "a:",
    "[]",
    "%0",
    "%1",
    "%1.hub.example",
    "[%1]",
    "a%0_%1_%2_%3_%9b",
    "%%1",
    "u@%1.x",
    "joe%1@hub",
    "(c)a.example",
    "<a.example>",
    '"q"',
    "\\x",
    "",
)
MAILERS = (
    *("esmtp",) * 9,
    *("relay",) * 3,
    "smtp",
    "smtp8",
    "dsmtp",
    "ESMTP",
    " esmtp ",
    "local_mta",
    "local",
    "nosuch",
    "es-mtp",
    "[esmtp]",
    "es.mtp",
    "",
)
LOCALS = ("", "joe", "j.o-e", "joe@x.org", "joe+x", "%1")
ERRORS = (
    "5.7.1:550 This domain is closed",
    "nohost:550 No such host, see http://a.example/x?y=1; it's #1!",
    "4.7.1:450 Try again later",
    "gone away & - closed + over = end",
    "550 5.7.1 No such list",
    "5.1.1: text here, there",
    "D.S.N:abc def",
    "451:abc",
    "5.1:x",
    "5.1.1:550-5.1.1 multi",
    "550",
    "5.7.1:a:b",
    "  5.1.1  :  550  text ",
    "5.1.1:no %1 in %0",
    "",
    "5.1.1:",
)
WHOLE = ("bare", "[10.0.0.1]", "local", ":", ":x", "esmtp", "a b:c", "#x", "x.y:z")
USERS = (
    "u",
    "first.last",
    "u+tag",
    "u=v",
    "-u",
    ".u",
    "u.",
    "u..v",
    "o'brien",
    "u%v",
    "u!v",
    "a#b",
    "$u",
    "u/v",
    "{u}",
    '"u v"',
    '"u@v"',
    '"u\\"v"',
)


def some_table(dice: random.Random) -> dict[str, str]:
    """Key → value, 5 to 80 lines, as an old hand-written file may have them."""
    keys = {some_key(dice) for _ in range(dice.randint(5, 80))}
    return {key: some_value(dice) for key in sorted(keys)}


def some_key(dice: random.Random) -> str:
    kind = dice.random()
    if kind < 0.03:
        return "."
    if kind < 0.06:
        return dice.choice(OWN)
    if kind < 0.10:
        return dice.choice(
            ("[192.0.2.1]", "*.a.org", "u@b.org", "a.org.", "a..org", "a.org:25", "..", "-", "*")
        )
    if kind < 0.13:
        return some_name(dice, 30, 52)[dice.choice((0, 1)) :]
    return ("." if dice.random() < 0.4 else "") + some_name(dice, 1, 4)


def some_name(dice: random.Random, fewest: int, most: int) -> str:
    labels = [dice.choice(LABELS) for _ in range(dice.randint(fewest, most) - 1)]
    if fewest > 10:
        labels = [label[0] if label[0] != "-" else "x" for label in labels]
    return ".".join([*labels, dice.choice(TOPS)])


def some_value(dice: random.Random) -> str:
    kind = dice.random()
    if kind < 0.15:
        return f"error:{dice.choice(ERRORS)}"
    if kind < 0.2:
        return dice.choice(WHOLE)
    mailer = dice.choice(MAILERS)
    return f"{mailer}:{dice.choice(LOCALS if mailer == 'local' else HOPS)}"


def some_addresses(dice: random.Random, table: dict[str, str], number: int) -> Iterator[str]:
    """Addresses, each with a user of its own: sendmail answers equal recipients once."""
    keys = [key.strip(".") for key in table if key.strip(".") and "@" not in key]
    for count in range(number):
        yield f"{some_user(dice, count)}{some_domain(dice, keys)}"


def some_user(dice: random.Random, count: int) -> str:
    user = dice.choice(USERS) if dice.random() < 0.3 else "u"
    return f'"{count}{user[1:]}' if user.startswith('"') else f"{user}{count}"


def some_domain(dice: random.Random, keys: list[str]) -> str:
    kind = dice.random()
    if kind < 0.03:
        return ""
    if kind < 0.06:
        return f"@{dice.choice(OWN)}"
    if kind < 0.08:
        return f"%{dice.choice(keys or ['a.org'])}{dice.choice(('', '@listes', '@LOCALHOST.'))}"
    if kind < 0.10:
        return f"@{dice.choice(('[192.0.2.1]', '[IPv6:2001:DB8::9]', '[10.1.2.3]', '127.0.0.1'))}"
    if kind < 0.13:
        return f"@{some_name(dice, 30, 54)}"
    name = dice.choice(keys) if keys and kind < 0.6 else some_name(dice, 1, 5)
    if kind < 0.3:
        name = f"{dice.choice(LABELS)}.{name}"
    if dice.random() < 0.1:
        name = name.upper()
    return f"@{name}" + dice.choice(("",) * 8 + (".", ".."))
