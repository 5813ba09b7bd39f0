"""Looks at the machine of a mail host; `routing.core.machine` judges what is seen. It changes
nothing, and asks sendmail for its version only.
"""

from __future__ import annotations

import ctypes
import grp
import os
import pwd
import re
import stat
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from routing.agent.faults import Fault
from routing.agent.host import HostConfig
from routing.agent.own_name import is_qualified
from routing.agent.releases import linked, release_path
from routing.agent.tools import run
from routing.agent.version import NO_CONFIGURATION, sendmail_version
from routing.core.facts import HostKind
from routing.core.findings import Finding
from routing.core.machine import (
    Entry,
    Kind,
    Room,
    error,
    judge_clock,
    judge_directory,
    judge_name,
    judge_parents,
    judge_presence,
    judge_program,
    judge_release,
    judge_room,
    judge_sendmail,
    judge_spool,
    judge_user,
    judge_wrapper,
    warning,
)
from routing.core.sympa_conf import judge_sympa_conf

SYMPA_CONF = (Path("/etc/sympa/sympa/sympa.conf"), Path("/etc/sympa/sympa.conf"))
QUEUE_FILE = re.compile(r"[dqtxhQ]f[A-Za-z0-9]+")
TIMEX_BYTES = 256
TIME_ERROR = 5


def look_at_machine(
    host: HostConfig, *, name: str, keeper: str, sympa_conf: Path | None
) -> list[Finding]:
    """Everything that is wrong with the machine. `name` is what the host calls itself, `keeper`
    who the releases must belong to ("" where this agent's file does not say)."""
    needed = tuple(dict.fromkeys(user for user in (host.owner, keeper) if user))
    findings = [*judge_name(name, host.fqdn), *_users(host, keeper)]
    findings += _releases(host, keeper, needed)
    findings += _programs(host, needed)
    if is_qualified(name) and host.sendmail.is_file():
        findings += judge_sendmail(str(host.sendmail), sendmail_version(host), _compiled(host))
    if host.kind is HostKind.LIST_SERVER:
        findings += _spool(host)
        findings += judge_wrapper(entry_of(host.wrapper, needed, stat.S_IXUSR), _not_baked(host))
        findings += _sympa(host, sympa_conf)
    return findings


def look_at_state(state_dir: Path, private: Sequence[Path], public: Path) -> list[Finding]:
    """An agent's own directory: nobody else may change its key, and its journal is not from
    tomorrow. The modes of private files are the configuration's to judge."""
    findings: list[Finding] = []
    owner = entry_of(state_dir).owner
    for path in (*private, public):
        entry = entry_of(path)
        if entry.kind is not Kind.FILE:
            continue
        if path in private and entry.owner != owner:
            text = f"{path} belongs to {entry.owner}, not to {owner}, whose agent must read it."
            findings.append(error("owner", str(path), text, f"chown {owner}: {path}"))
        if entry.mode & 0o022:
            text = f"{path} may be written by others (mode {entry.mode:04o})."
            findings.append(error("others_write", str(path), text, f"chmod go-w {path}"))
    ahead = int(_written_at(state_dir / "journal.sqlite3") - time.time())
    return [*findings, *judge_clock(synchronized=clock_is_kept(), ahead_s=ahead)]


def _users(host: HostConfig, keeper: str) -> list[Finding]:
    findings = judge_user(host.owner, what="the owner of the spool", exists=_uid(host.owner) >= 0)
    findings += judge_user(
        host.trusted_user, what="trusted_user", exists=_uid(host.trusted_user) >= 0
    )
    findings += judge_user(host.group, what="the group of the spool", exists=_is_group(host.group))
    if keeper.isdigit():
        findings += judge_user(keeper, what="the owner of the agent's directory", exists=False)
    return list(dict.fromkeys(findings))


def _releases(host: HostConfig, keeper: str, needed: Sequence[str]) -> list[Finding]:
    places = {host.routing: "the place of the releases", host.routing / "releases": "the releases"}
    findings: list[Finding] = []
    for path, what in places.items():
        findings += judge_directory(entry_of(path), what=what, owner=keeper, mode=0o755)
    findings += judge_parents(entry_of(path, needed, stat.S_IXUSR) for path in _above(host.routing))
    for link in ("current", "last-good"):
        findings += _release(host, link, needed)
    findings += judge_room_of(host.routing, "the place of the releases")
    return findings


def _release(host: HostConfig, link: str, needed: Sequence[str]) -> list[Finding]:
    where = str(host.routing / link)
    try:
        digest = linked(host, link)
    except Fault as fault:
        return judge_release(where, fault.text, ())
    if not digest:
        return []
    release = release_path(host, digest)
    if not release.is_dir():
        return judge_release(where, f"{where} names a release that is not there: {digest}.", ())
    files = [entry_of(release, needed, stat.S_IXUSR)]
    try:
        files += [entry_of(path, needed, stat.S_IRUSR) for path in sorted(release.iterdir())]
    except OSError as problem:
        files.append(Entry(str(release), Kind.UNKNOWN, problem=str(problem.strerror)))
    return judge_release(where, "", files)


def _programs(host: HostConfig, needed: Sequence[str]) -> list[Finding]:
    programs = {
        host.sendmail: ("sendmail", "sendmail-bin"),
        host.makemap: ("makemap", "sendmail-bin"),
        host.m4: ("m4", "m4"),
    }
    findings: list[Finding] = []
    for path, (what, package) in programs.items():
        entry = entry_of(path, needed, stat.S_IXUSR)
        findings += judge_program(entry, what=what, package=package)
    source = entry_of(Path(host.cf_dir) / "m4/cf.m4")
    advice = "Install it (sendmail-cf), or name another cf_dir in the agent's file."
    findings += judge_presence(source, Kind.FILE, what="m4's source", advice=advice)
    if host.cf_dir[-1:] != "/":
        text = f"cf_dir is {host.cf_dir}; m4 needs a slash at its end."
        findings.append(error("cf_dir", host.cf_dir, text, "Add it in the agent's file."))
    return findings


def _compiled(host: HostConfig) -> list[str]:
    argv: list[str | Path] = [host.sendmail, "-C", NO_CONFIGURATION, "-d0.1", "-bt"]
    said = run(argv, cwd=Path("/"), seconds=host.ask_seconds).out.decode("utf-8", "replace")
    return [word.partition("=")[0] for word in said.split()]


def _spool(host: HostConfig) -> list[Finding]:
    spool, kept = entry_of(host.spool), entry_of(host.kept)
    findings = judge_directory(spool, what="the spool", owner=host.owner, mode=0o700)
    findings += judge_directory(kept, what="the kept area", owner=host.owner, mode=0o700)
    run_dir = entry_of(host.run_dir)
    findings += judge_directory(run_dir, what="run_dir", owner=host.owner, mode=0o755)
    drop = entry_of(host.dead_letter.parent)
    advice = f"Make it for {host.owner}, or name another dead_letter in the agent's file."
    findings += judge_presence(drop, Kind.DIRECTORY, what="dead_letter's place", advice=advice)
    above = dict.fromkeys(chain(_above(host.spool), _above(host.kept), _above(host.run_dir)))
    findings += judge_parents(
        entry_of(path, (host.owner,), stat.S_IXUSR)
        for path in above
        if path not in set(_above(host.routing))
    )
    if spool.kind is Kind.DIRECTORY:
        strangers = _strangers(host)
        findings += judge_spool(spool, kept, strangers=strangers, owner=host.owner)
    for path, what in ((host.spool, "the spool"), (host.kept, "the kept area")):
        findings += judge_room_of(path, what)
    return findings


def _strangers(host: HostConfig) -> int:
    """Queue files of others. sendmail moves them under us; one that vanished was not one."""
    uid = _uid(host.owner)
    return sum(
        QUEUE_FILE.fullmatch(path.name) is not None and _owner_of(path) not in (uid, None)
        for path in host.spool.rglob("[dqtxhQ]f*")
    )


def _not_baked(host: HostConfig) -> list[str]:
    """They are C strings in the program: each ends with a NUL."""
    try:
        program = host.wrapper.read_bytes()
    except OSError:
        return []
    paths = (host.routing, host.sendmail, host.kept)
    return [str(path) for path in paths if os.fsencode(path) + b"\0" not in program]


def _sympa(host: HostConfig, given: Path | None) -> list[Finding]:
    found = [path for path in (SYMPA_CONF if given is None else (given,)) if path.exists()]
    if not found:
        where = given or SYMPA_CONF[0]
        text = f"There is no {where}: what Sympa calls as its sendmail is not known."
        return [warning("no_sympa_conf", str(where), text, "Name it with --sympa-conf.")]
    try:
        files = {str(path): path.read_text("utf-8", "replace") for path in _with_robots(found[0])}
    except OSError as problem:
        text = f"{problem.filename} cannot be read: {problem.strerror}."
        return [warning("not_seen", str(problem.filename), text, "Run this as root.")]
    current = str(host.routing / "current")
    return judge_sympa_conf(files, wrapper=str(host.wrapper), current=current)


def _with_robots(sympa_conf: Path) -> list[Path]:
    """sympa.conf, and the robot.conf of each virtual host: a directory beside it or one above."""
    places = (sympa_conf.parent, sympa_conf.parent.parent)
    robots = sorted(path for place in places for path in place.glob("*/robot.conf"))
    return [sympa_conf, *dict.fromkeys(robots)]


def judge_room_of(path: Path, what: str) -> list[Finding]:
    try:
        free = os.statvfs(path)
    except OSError:
        return []
    room = Room(str(path), free.f_bavail * free.f_frsize, free.f_favail, free.f_files)
    return judge_room(room, what=what)


def entry_of(path: Path, users: Iterable[str] = (), bit: int = 0) -> Entry:
    """What is there; `users` who lack the right `bit` (of the owner's three) on it are named."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return Entry(str(path), Kind.MISSING)
    except OSError as problem:
        return Entry(str(path), Kind.UNKNOWN, problem=problem.strerror or str(problem))
    kinds = {stat.S_IFDIR: Kind.DIRECTORY, stat.S_IFREG: Kind.FILE}
    return Entry(
        path=str(path),
        kind=kinds.get(stat.S_IFMT(found.st_mode), Kind.OTHER),
        mode=stat.S_IMODE(found.st_mode),
        owner=_name_of(found.st_uid),
        device=found.st_dev,
        readers_kept_out=tuple(user for user in users if not _may(user, found, bit)),
    )


def _may(user: str, found: os.stat_result, bit: int) -> bool:
    """By the modes alone; a user who does not exist is another finding."""
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        return True
    if found.st_uid == entry.pw_uid:
        return bool(found.st_mode & bit)
    if found.st_gid in os.getgrouplist(user, entry.pw_gid):
        return bool(found.st_mode & bit >> 3)
    return bool(found.st_mode & bit >> 6)


def clock_is_kept() -> bool | None:
    """What adjtimex(2) says, which everybody may ask; None where the kernel does not say."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != TIME_ERROR


def _above(path: Path) -> Iterator[Path]:
    return iter(path.parents)


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _owner_of(path: Path) -> int | None:
    try:
        return path.lstat().st_uid
    except OSError:
        return None


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _uid(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return -1


def _is_group(name: str) -> bool:
    try:
        grp.getgrnam(name)
    except KeyError:
        return False
    return True
