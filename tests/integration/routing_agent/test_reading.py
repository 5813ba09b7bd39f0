"""The files of a list server are read by its spool agent: only those, and never their secrets."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mailadmin.wire.core.messages import Verb
from routing.agent.careful import MOST_BYTES
from routing.agent.reading import MOST_ROBOTS
from routing.core.adopt.reading import FilesRead, Kind, reading_from_json
from tests.integration.routing_agent.conftest import MailHost

SECRET = "hunter2"
TABLE = f"""\
# the password of the relay is {SECRET}
jres.org\tesmtp:[127.0.0.1]
password.example.org\tesmtp:[127.0.0.1]
.\tesmtp:[smtp1.renater.fr]
"""
MC = f"""\
OSTYPE(`debian')dnl
define(`confAUTH_MECHANISMS', `PLAIN')dnl
FEATURE(`authinfo', `hash /etc/mail/authinfo')dnl
define(`confCLIENT_KEY', `/etc/mail/tls/key.pem')dnl
dnl relay password: {SECRET}
define(`confDEFAULT_PASSWORD',
  `{SECRET}')dnl
LOCAL_CONFIG
Kldap ldap -h ldap.example.org -M simple -P {SECRET}
"""
SYMPA = f"""\
domain sympa.renater.fr
sendmail_args -oi -C /etc/mail/sympa.cf
db_passwd {SECRET}
#db_passwd {SECRET}
cookie {SECRET}
trusted_applications
name x
md5password {SECRET}
unheard_of {SECRET}
"""
ACCESS = f"""\
AuthInfo:smtp1.renater.fr "U:listes" "P:{SECRET}"
To:jres.org\tREJECT
Connect:jres.org\tRELAY
spam.example\tREJECT
192.0.2.1\tREJECT
"""
ALIASES = f"""\
postmaster: root
jres-all: "|/usr/lib/sympa/bin/queue all@jres.org"
jres-all-owner: "|/usr/lib/sympa/bin/bouncequeue all@jres.org"
conf-all:
  "|/usr/lib/sympa/bin/queue all@conf.org"
ticket: "|/usr/local/bin/ticket --password={SECRET}"
"""

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(listes: MailHost) -> Write:
    """Write a file below etc/old/ of the host, as its admin would."""
    place = listes.tree.etc / "old"

    def write_one(name: str, content: str | bytes) -> Path:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o644)
        return path

    return write_one


@pytest.fixture
def named(write: Write) -> dict[str, Any]:
    """Everything that an agent's file may name, and all of it is there."""
    write("robots/jres.org/robot.conf", f"title Jres\nhttp_host jres.org\ndkim_key {SECRET}\n")
    write("robots/conf.org/robot.conf", "")
    write("robots/web_tt2/home.tt2", "x")
    return {
        "existing_cf": "",
        "existing_mailertable": str(write("mailertable", TABLE)),
        "existing_mc": str(write("sympa.mc", MC)),
        "existing_class_w": [str(write("names", "listes-old.renater.fr # mine\n"))],
        "existing_sympa_conf": str(write("sympa.conf", SYMPA)),
        "existing_robots": str(write("robots/.here", "").parent),
        "existing_access": str(write("access", ACCESS)),
        "existing_aliases": str(write("aliases", ALIASES)),
    }


def reading(listes: MailHost, named: Mapping[str, Any], **more: Any) -> tuple[FilesRead, str]:
    """What the agent gives, and the bytes that leave the host, as text."""
    given = listes.verb(Verb.READ_FILES, {}, **{**named, **more})
    assert given.done["user"] == listes.tree.users.spool
    sent = (given.blob or b"").decode() + json.dumps(dict(given.body))
    return reading_from_json(json.loads(given.blob or b"")), sent


def troubles(found: FilesRead) -> dict[str, str]:
    return {Path(item.path).name: item.text for item in found.troubles}


def test_everything_that_is_named_is_read(listes: MailHost, named: dict[str, Any]) -> None:
    found, _ = reading(listes, named)
    assert listes.verb(Verb.READ_FILES, {}, **named).changes == 0
    assert found.troubles == ()
    assert [(file.kind, file.robot) for file in found.files] == [
        (Kind.MAILERTABLE, ""),
        (Kind.MC, ""),
        (Kind.CLASS_W, ""),
        (Kind.SYMPA, ""),
        (Kind.ROBOT, "conf.org"),
        (Kind.ROBOT, "jres.org"),
    ]
    table = found.text_of(Kind.MAILERTABLE)
    assert table.splitlines()[1:] == TABLE.splitlines()[1:]
    assert "authinfo', `hash /etc/mail/authinfo'" in found.text_of(Kind.MC)
    assert "/etc/mail/tls/key.pem" in found.text_of(Kind.MC)
    assert found.text_of(Kind.MC).count("\n") == MC.count("\n")
    sympa = found.text_of(Kind.SYMPA).splitlines()
    assert sympa[:2] == ["domain sympa.renater.fr", "sendmail_args -oi -C /etc/mail/sympa.cf"]
    assert sympa[2:5] == ["db_passwd ***", "#", "cookie ***"]


def test_no_secret_leaves_the_host(listes: MailHost, named: dict[str, Any]) -> None:
    """Not in the texts, not in the body, and not by a file that an agent's file names wrongly."""
    _, sent = reading(listes, named)
    assert "jres.org" in sent
    assert SECRET not in sent
    for wrong in ("existing_mc", "existing_class_w", "existing_mailertable"):
        for path in (named["existing_access"], named["existing_sympa_conf"]):
            _, sent = reading(listes, named, **{wrong: [path] if wrong.endswith("_w") else path})
            assert SECRET not in sent.replace("unheard_of hunter2", "")


def test_of_access_and_aliases_only_what_matters_leaves_it(
    listes: MailHost, named: dict[str, Any]
) -> None:
    found, sent = reading(listes, named)
    assert found.access is not None and found.aliases is not None
    assert (found.access.entries, found.access.secrets) == (5, 1)
    assert [(item.line, item.key, item.value) for item in found.access.lines] == [
        (2, "To:jres.org", "REJECT"),
        (3, "Connect:jres.org", "RELAY"),
    ]
    assert found.aliases.entries == 5
    assert found.aliases.domains == {"conf.org": 1, "jres.org": 2}
    assert "spam.example" not in sent and "ticket" not in sent


def test_a_tls_key_is_never_sent_whatever_it_is_named(
    listes: MailHost, named: dict[str, Any], write: Write
) -> None:
    key = write(
        "key.pem", f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----\n"
    )
    for name in ("existing_mc", "existing_mailertable", "existing_access", "existing_sympa_conf"):
        found, sent = reading(listes, named, **{name: str(key)})
        assert troubles(found)["key.pem"] == "holds a private key and stays where it is"
        assert SECRET not in sent


def test_the_order_has_no_say_in_what_is_read(
    listes: MailHost, named: dict[str, Any], write: Write
) -> None:
    elsewhere = str(write("elsewhere", "elsewhere.example esmtp:[x]\n"))
    asked = {"existing_mailertable": elsewhere, "path": elsewhere, "files": [elsewhere]}
    given = listes.verb(Verb.READ_FILES, asked, json.dumps(asked).encode(), **named)
    assert b"elsewhere.example" not in (given.blob or b"")


def test_an_agent_whose_file_names_nothing_reads_nothing(listes: MailHost) -> None:
    found, _ = reading(listes, {"existing_cf": ""})
    assert found.files == ()
    assert [item.text for item in found.troubles] == ["names no table in the agent's file"]


def test_links_out_of_a_directory_are_not_followed(
    listes: MailHost, named: dict[str, Any], write: Write
) -> None:
    secret = write("../../secret", f"jres.org {SECRET}\n")
    table = Path(named["existing_mailertable"])
    for target in (str(secret), "../../secret", "./../old/../../secret", "/proc/self/environ"):
        table.unlink()
        table.symlink_to(target)
        found, sent = reading(listes, named)
        assert "links out of a directory are not followed" in troubles(found)["mailertable"]
        assert SECRET not in sent
        assert found.text_of(Kind.MAILERTABLE) == ""


def test_a_link_beside_its_file_is_followed(listes: MailHost, named: dict[str, Any]) -> None:
    """Such as mailertable -> mailertable.2019."""
    table = Path(named["existing_mailertable"])
    table.rename(table.with_name("mailertable.2019"))
    for target in ("mailertable.2019", str(table.with_name("mailertable.2019"))):
        table.unlink(missing_ok=True)
        table.symlink_to(target)
        assert "jres.org" in reading(listes, named)[0].text_of(Kind.MAILERTABLE)
    table.unlink()
    table.symlink_to("mailertable")
    assert troubles(reading(listes, named)[0])["mailertable"] == "is a link to itself"


def test_no_robot_leads_out_by_a_link(
    listes: MailHost, named: dict[str, Any], write: Write
) -> None:
    robots = Path(named["existing_robots"])
    outside = write("outside/evil.org/robot.conf", f"title {SECRET}\n")
    (robots / "evil.org").symlink_to(outside.parent)
    (robots / "worse.org").mkdir()
    (robots / "worse.org/robot.conf").symlink_to(outside)
    beside = write("robots/beside.org/other", f"title {SECRET}\n")
    (robots / "beside.org/robot.conf").symlink_to(beside.name)
    found, sent = reading(listes, named)
    assert {file.robot for file in found.files if file.robot} == {"conf.org", "jres.org"}
    assert set(troubles(found)) == {"evil.org", "worse.org", "beside.org"}
    assert all("link" in text for text in troubles(found).values())
    assert SECRET not in sent


@pytest.mark.parametrize("make", ["pipe", "socket", "device", "directory"])
def test_what_is_no_plain_file_is_never_opened(
    listes: MailHost, named: dict[str, Any], make: str
) -> None:
    """A pipe would hold the agent for ever."""
    path = Path(named["existing_mc"])
    path.unlink()
    if make == "pipe":
        os.mkfifo(path)
    elif make == "socket":
        bind(path)
    elif make == "directory":
        path.mkdir()
    else:
        path = Path("/dev/zero")
    found, _ = reading(listes, named, existing_mc=str(path))
    assert troubles(found)[path.name] == "is no plain file"
    assert found.text_of(Kind.MAILERTABLE)


def bind(path: Path) -> None:
    """A socket's path is short: bind it from its directory."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(path.name)
    finally:
        os.chdir(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can take a file from its user")
def test_what_cannot_be_read_is_said_and_the_rest_is_read(
    listes: MailHost, named: dict[str, Any]
) -> None:
    Path(named["existing_sympa_conf"]).chmod(0o600)
    Path(named["existing_robots"], "jres.org").chmod(0o700)
    Path(named["existing_access"]).unlink()
    found, _ = reading(listes, named)
    assert troubles(found) == {
        "sympa.conf": "cannot be read: Permission denied",
        "jres.org": "cannot be read: Permission denied",
        "access": "is not there",
    }
    assert found.text_of(Kind.MAILERTABLE) and found.access is None


def test_files_of_any_size_and_any_bytes_end_as_findings(
    listes: MailHost, named: dict[str, Any], write: Write
) -> None:
    with write("large", "").open("ab") as file:
        file.truncate(MOST_BYTES + 1)
    path = str(write("large.there", "").with_name("large"))
    found, _ = reading(listes, named, existing_mailertable=path)
    assert troubles(found)["large"] == "is larger than 8 MiB"
    nul = str(write("nul", b"jres.org\0 esmtp:[x]\n"))
    found, _ = reading(listes, named, existing_mailertable=nul)
    assert troubles(found)["nul"] == "is no text: it holds a NUL at byte 8"
    old = str(write("latin", "# \xe9cole\njres.org esmtp:[x]\n".encode("latin-1")))
    found, _ = reading(listes, named, existing_mailertable=old)
    assert "read as Latin-1" in troubles(found)["latin"]
    assert found.text_of(Kind.MAILERTABLE).startswith("# école\n")


def test_hostile_names_of_robots_are_text(
    listes: MailHost, named: dict[str, Any], write: Write
) -> None:
    robots = Path(named["existing_robots"])
    for name in (b"\xff\xfe.org", b"new\nline.org", b"<script>.org", b"-rf.org", b"..org"):
        place = Path(os.fsdecode(os.fsencode(robots) + b"/" + name))
        place.mkdir()
        (place / "robot.conf").write_text("title x\n")
    found, _ = reading(listes, named)
    names = {file.robot for file in found.files if file.robot}
    assert names >= {"\\xff\\xfe.org", "new\nline.org", "<script>.org", "-rf.org", "..org"}


def test_robots_without_an_end_are_counted_and_cut(listes: MailHost, named: dict[str, Any]) -> None:
    robots = Path(named["existing_robots"])
    for number in range(MOST_ROBOTS + 10):
        (robots / f"r{number}.example").mkdir()
    found, _ = reading(listes, named)
    assert "holds more than 5000 robots" in troubles(found)["robots"]
