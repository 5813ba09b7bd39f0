"""What people could type or paste, through the real forms: refused with a reason, or carried byte
for byte through m4 and makemap to sendmail.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from deploy.sandbox.hosts import HostTree
from deploy.sandbox.tools import SendmailTools
from mailadmin.audit.services import last_number
from routing.core.bundle import Bundle
from routing.core.facts import HostFacts
from routing.core.intent import Intent
from routing.core.mailertable import classify, parse_mailertable, value_of
from routing.core.names import normalise_key, normalise_name
from routing.core.render import render
from routing.core.resolve import Resolver, Table
from routing.core.validate import validate_intent
from routing.models import MailHost, RelayTarget, RoutingObject
from routing.queries.edits import rows_intent
from tests.fixtures.audited import unaudited
from tests.fixtures.sandbox import AsHost
from tests.integration.pages.conftest import Site
from tests.integration.routing.built import CONFIGS, Built, facts_of

PIECES = (
    *"`'\"\n\r\0\t \x7f\x1b$#,;:\\()<>|!@*._/=+~{[]-éßİ☃",
    *("\r\n", "\u202e", "\u200d", "\u3002", "\uff10", "\ufeff"),
    *("$1", "$*", "$#esmtp", "$@", "%0", "&&", "::", "..", "--", "-C/etc/passwd"),
    *("dnl", " dnl ", "define(`x',`y')", "esyscmd(`touch /tmp/x')", "include(`/etc/passwd')"),
    *("divert(-1)", "OSTYPE", "_RELEASE_", "esmtp:", "error:", "[IPv6:", "xn--", "xn--zca"),
    *("25", "9" * 40, "a" * 64, ("b" * 50 + ".") * 6, "c" * 4000),
)
KEYS = ("conf.renater.fr", ".sub.renater.fr", "x.example", "a.b.c.example.org", ".", "host")
MAILERS = ("esmtp", "relay", "smtp", "error", "local", "relay_smtp1", "")
HOPS = (
    "[smtp9.example.org]",
    "mx.example.org",
    "[192.0.2.1]",
    "[IPv6:2001:db8::1]",
    "[a.example]:[b.example]",
    "5.7.1:550 This domain is closed",
    "4.7.1:450 Try again later",
    "",
)
DEFAULT_LINE = ".\tesmtp:[smtp1.renater.fr]"
RELAYS = ("smtp2", "paris", "a-b", "25")
TRIES = 250


class Dice(random.Random):
    """Values of which most are spoiled somewhere."""

    def spoiled(self, plain: str) -> str:
        """The text with up to three hostile pieces in it, sometimes none."""
        for _ in range(self.choice((0, 0, 1, 1, 1, 2, 3))):
            piece, place = self.choice(PIECES), self.randrange(len(plain) + 1)
            plain = piece if self.random() < 0.1 else plain[:place] + piece + plain[place:]
        return plain

    def unused(self, plain: str) -> str:
        """A key that no other row has."""
        return plain if plain == "." else f"{plain.rstrip('.')}.n{self.randrange(10**6)}.org"

    def form(self) -> tuple[str, dict[str, str]]:
        """Where a form is sent, and what is in it."""
        sent = {"identity": str(uuid4()), "version": "0", "note": self.spoiled("a note")}
        place = self.choice(("domains", "local-hosts", "routes", "routes", "routes", "relays"))
        if place == "relays":
            hosts = "\n".join(self.spoiled(f"relay{n}.example.org") for n in range(2))
            port = self.spoiled(self.choice(("25", "2526", "587")))
            return "/relays/add/", sent | {
                "name": self.spoiled(self.choice(RELAYS)),
                "hosts": hosts,
                "port": port,
            }
        sent |= {"server": "listes", "key": self.spoiled(self.unused(self.choice(KEYS)))}
        if place == "routes":
            sent |= {
                "mailer": self.spoiled(self.choice(MAILERS)),
                "next_hop": self.spoiled(self.choice(HOPS)),
                "relay_target": "",
            }
        return f"/{place}/add/", sent

    def line(self) -> str:
        """A line of an existing mailertable, by hand or by another program."""
        key, mailer = self.unused(self.choice(KEYS[:4])), self.choice(MAILERS[:-1])
        blanks = self.choice(("\t", " ", "   ", "\t\t"))
        return self.spoiled(f"{key}{blanks}{mailer}:{self.choice(HOPS[:-1])}")


@dataclass(frozen=True, slots=True)
class Sent:
    """One form that was sent, and whether it was saved."""

    address: str
    fields: Mapping[str, str]
    saved: bool

    @property
    def note(self) -> str:
        """As it must be stored."""
        return self.fields["note"].replace("\r\n", "\n").replace("\r", "\n").strip()


def send(client: Client, address: str, fields: Mapping[str, str]) -> Sent:
    """Send a form; what is refused says why at a field or above the form, and writes nothing."""
    before = last_number()
    answer: Any = client.post(address, fields)
    assert answer.status_code in (302, 422), (answer.status_code, address, fields)
    saved = answer.status_code == 302
    if not saved:
        errors = [text for texts in answer.context["form"].errors.values() for text in texts]
        assert errors and all(len(text.split()) > 2 for text in errors), (errors, address, fields)
        assert last_number() == before
    return Sent(address, fields, saved)


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 40))]
)
def test_any_value_is_refused_or_carried_byte_for_byte(
    seed: int,
    site: Site,
    host_dir: Callable[..., HostTree],
    sendmail_tools: SendmailTools,
    as_host: AsHost,
) -> None:
    dice, client = Dice(seed), site.sign_in("claire")
    sent = [send(client, *dice.form()) for _ in range(TRIES)]
    saved = [item for item in sent if item.saved]
    assert 10 < len(saved) < TRIES - 50
    for item in saved:
        assert_stored(item)

    tree = host_dir()
    facts = facts_of(tree, sendmail_tools)
    intent = rows_intent(site.host)
    bundle = render(intent, facts)
    assert_no_value_in_m4(bundle, intent, facts)
    built = Built(tree, sendmail_tools, tree.routing / "releases" / bundle.digest, as_host)
    built.write(bundle)
    wanted = {item.key: value_of(item, intent, facts) for item in intent.objects if item.enabled}
    assert dumped(built, "sympa", "mailertable") == wanted
    assert_sendmail_agrees(built, bundle, facts)


def assert_stored(item: Sent) -> None:
    """The row holds what was typed, in the one spelling of names, and nothing more."""
    typed = item.fields
    if item.address == "/relays/add/":
        relay = RelayTarget.objects.get(pk=typed["identity"])
        assert (relay.name, str(relay.port)) == (typed["name"].strip(), typed["port"].strip())
        lines = typed["hosts"].splitlines()
        assert list(relay.hosts) == [normalise_name(line) for line in lines if line.strip()]
        assert relay.note == item.note
        return
    row = RoutingObject.objects.get(pk=typed["identity"])
    assert row.key == normalise_key(typed["key"].strip())
    assert (row.mailer, row.next_hop) == (
        typed.get("mailer", "").strip(),
        typed.get("next_hop", "").strip(),
    )
    assert row.note == item.note
    assert row.key.isascii() and row.next_hop.isascii()


def assert_no_value_in_m4(bundle: Bundle, intent: Intent, facts: HostFacts) -> None:
    """Keys and values never reach m4: the sources are those of a table without them."""
    bare = render(replace(intent, objects=()), facts)
    for name in ("sympa.mc", "sympa-fallback.mc", "sympa.conf"):
        assert bundle.files[name] == bare.files[name]


def dumped(built: Built, name: str, table: str) -> dict[str, str]:
    """What makemap reads out of the map, without changing a byte."""
    argv = [built.tools.makemap, "-C", built.path / f"{name}.cf", "-u", "btree", built.path / table]
    done = subprocess.run([*map(str, argv)], capture_output=True, check=True, timeout=300)
    assert done.stderr == b""
    lines = done.stdout.decode("ascii").removesuffix("\n").split("\n")
    return dict(line.split("\t", 1) for line in lines)


def without_blanks(table: Mapping[str, str]) -> dict[str, str]:
    """An import writes a tab as a blank, and none at the ends: sendmail sees the same words."""
    return {key: "".join(value.split()) for key, value in table.items()}


def mapped(built: Built, text: str) -> dict[str, str]:
    """What makemap makes of a file as it is."""
    argv = [built.tools.makemap, "-C", built.path / "sympa.cf", "btree", built.path / "as-it-was"]
    done = subprocess.run(
        [*map(str, argv)], input=text.encode(), capture_output=True, check=False, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return dumped(built, "sympa", "as-it-was")


def assert_sendmail_agrees(built: Built, bundle: Bundle, facts: HostFacts) -> None:
    """Each key decides as our resolver says, primary and fallback."""
    for name, file in CONFIGS.items():
        table = Table.from_text(bundle.files[file])
        asked = [f"probe@{key.lstrip('.')}" for key in table.values if key.strip(".")]
        said = built.answers(name, asked)
        resolver = Resolver.of_host(table, facts)
        for address in asked:
            predicted = resolver.resolve(address)
            mailer, host = said[address]
            assert mailer == predicted.mailer, address
            assert "".join(host.split()) == "".join(predicted.host.split()), address


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 40))]
)
def test_any_line_of_a_table_is_refused_or_imported_as_it_is(
    seed: int,
    host_dir: Callable[..., HostTree],
    sendmail_tools: SendmailTools,
    as_host: AsHost,
) -> None:
    """The rendered map says what makemap reads out of the file as it was, but for blanks."""
    dice, tree = Dice(seed), host_dir()
    facts = facts_of(tree, sendmail_tools)
    taken = {".": DEFAULT_LINE}
    for _ in range(2 * TRIES):
        line = dice.line()
        parsed = parse_mailertable(f"{DEFAULT_LINE}\n{line}\n")
        intent = classify(parsed.lines, server="listes", new_id=uuid4)
        found = [*parsed.findings, *validate_intent(intent, facts)]
        assert all(item.text and item.advice for item in found), (line, found)
        key = parsed.lines[-1].key
        if not found and "\n" not in line and key not in taken:
            taken[key] = line
    assert len(taken) > 50

    text = "".join(f"{line}\n" for line in taken.values())
    bundle = render(classify(parse_mailertable(text).lines, server="listes", new_id=uuid4), facts)
    built = Built(tree, sendmail_tools, tree.routing / "releases" / bundle.digest, as_host)
    built.write(bundle)
    rendered = dumped(built, "sympa", "mailertable")
    assert without_blanks(rendered) == without_blanks(mapped(built, text))


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: repr(piece)[:24])
def test_each_piece_in_a_name_is_refused_or_stays_what_it_is(site: Site, piece: str) -> None:
    """In the middle of a domain, alone, before and after it, and within a next hop."""
    client = site.sign_in("claire")
    keys = (f"a{piece}b.example.org", piece, f"{piece}x.example.org", f"x.example.org{piece}")
    hops = (f"[a{piece}b.example.org]", f"a{piece}b.example.org")
    forms = [("/domains/add/", {"key": key}) for key in keys]
    forms += [
        ("/routes/add/", {"key": "x.example.org", "mailer": "esmtp", "next_hop": hop})
        for hop in hops
    ]
    for address, typed in forms:
        fields = {"identity": str(uuid4()), "version": "0", "server": "listes", "note": ""}
        item = send(client, address, fields | typed)
        if item.saved:
            assert_stored(item)
            with unaudited():
                RoutingObject.objects.filter(pk=fields["identity"]).delete()


def test_the_sites_own_m4_is_refused_or_reaches_m4_as_it_was_typed(
    site: Site, scratch: Path, host_dir: Callable[..., HostTree], sendmail_tools: SendmailTools
) -> None:
    """m4 then builds or fails, which fails the push; no command of it is run on the way."""
    client, mark = site.sign_in("anne"), scratch / "ran"
    facts = facts_of(host_dir(), sendmail_tools)
    texts = [f"define(`confTO_CONNECT', `{piece}')\n" for piece in PIECES]
    texts += [f"esyscmd(`touch {mark}')\n", f"syscmd(`touch {mark}')\n", "include(`/etc/passwd')\n"]
    fields = {"name": "listes", "kind": "list_server", "position": "0", "note": ""}
    saved = 0
    for text in texts:
        host = MailHost.objects.get(name="listes")
        shown = {"identity": str(host.pk), "version": str(host.version), "site_m4": text}
        if not send(client, "/mail-hosts/listes/edit/", fields | shown).saved:
            continue
        saved += 1
        stored = MailHost.objects.get(name="listes").site_m4
        assert stored == text.replace("\r\n", "\n").replace("\r", "\n").strip()
        bundle = render(rows_intent(site.host), facts, site_m4=stored)
        assert bundle.files["local.m4"] == f"{stored}\n"
        for name in ("local.m4", "sympa.mc"):
            (scratch / name).write_text(bundle.files[name], newline="")
        argv = [str(sendmail_tools.m4), "-D_NO_MAKEINFO_", f"-D_CF_DIR_={sendmail_tools.cf_dir}"]
        ran = subprocess.run(
            [*argv, f"-D_RELEASE_={scratch}", "sympa.mc"],
            capture_output=True,
            check=False,
            timeout=300,
            cwd=scratch,
        )
        assert ran.stdout or ran.returncode or ran.stderr
        assert b"root:" not in ran.stdout
    assert 10 < saved < len(texts) - 3
    assert not mark.exists()
