"""What a mail host must be like: judgements over what its agent's user, or root, saw on it.

Each gives findings that say what was seen and what to do; none touches the machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from routing.core.findings import Finding, Severity

OLDEST_SENDMAIL = (8, 12)
NEWEST_SENDMAIL = (8, 18)
MAP_SUPPORT = "NEWDB"
LOW_BYTES = 1024**3
NO_BYTES = 128 * 1024**2
"""sendmail takes no message with fewer than 25000 free blocks (our MinFreeBlocks)."""
FEW_INODES = 1000
OTHERS_WRITE = 0o022
SET_ID = 0o6000


class Kind(StrEnum):
    """What a path is."""

    DIRECTORY = "directory"
    FILE = "file"
    OTHER = "something else"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """One path as it was found. `problem` says why it is unknown; `readers_kept_out` names the
    users who need it and cannot enter or read it."""

    path: str
    kind: Kind
    mode: int = 0
    owner: str = ""
    device: int = 0
    problem: str = ""
    readers_kept_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Room:
    """What is free on the file system of a path, to users other than root."""

    path: str
    free_bytes: int
    free_inodes: int
    total_inodes: int


def error(code: str, subject: str, text: str, advice: str) -> Finding:
    return Finding(code, Severity.ERROR, subject, text, advice)


def warning(code: str, subject: str, text: str, advice: str) -> Finding:
    return Finding(code, Severity.WARNING, subject, text, advice)


def judge_name(name: str, fqdn: str) -> list[Finding]:
    """The name that sendmail finds for itself, against the agent's file."""
    if "." not in name.strip("."):
        return [
            error(
                "short_name",
                name,
                f"The name of this host, {name}, is not fully qualified: each start of sendmail"
                " sleeps 60 s.",
                f"Write the whole name before {name} in its line of /etc/hosts.",
            )
        ]
    if name != fqdn:
        return [
            warning(
                "other_name",
                name,
                f"This host calls itself {name}; the agent's file says fqdn = {fqdn}.",
                "Put the one that is wrong right, /etc/hosts or the agent's file.",
            )
        ]
    return []


def judge_user(name: str, *, what: str, exists: bool) -> list[Finding]:
    if exists:
        return []
    text = f"{name}, {what}, does not exist here."
    advice = "Create it, or name another in the agent's file. sendmail refuses a uid without a name"
    return [error("no_user", name, text, f"{advice} (exit 70).")]


def judge_directory(entry: Entry, *, what: str, owner: str, mode: int) -> list[Finding]:
    """A directory that must be there, belong to `owner` ("" is anybody) and have this mode."""
    make = f"install -d -o {owner or 'OWNER'} -g {owner or 'GROUP'} -m {mode:04o} {entry.path}"
    if (found := judge_presence(entry, Kind.DIRECTORY, what=what, advice=f"Make it: {make}")) or (
        entry.kind is Kind.UNKNOWN
    ):
        return found
    findings = []
    if owner and entry.owner != owner:
        text = f"{entry.path}, {what}, belongs to {entry.owner}, not to {owner}."
        findings.append(error("owner", entry.path, text, f"chown {owner}: {entry.path}"))
    advice = f"chmod {mode:o} {entry.path}"
    if entry.mode & OTHERS_WRITE:
        text = f"{entry.path}, {what}, may be written by others (mode {entry.mode:04o})."
        findings.append(error("others_write", entry.path, text, advice))
    elif entry.mode & ~mode & 0o777:
        text = f"Others see into {entry.path}, {what} (mode {entry.mode:04o})."
        findings.append(warning("others_read", entry.path, text, advice))
    elif mode & ~entry.mode & 0o777:
        text = f"{entry.path}, {what}, is shut to users who need it (mode {entry.mode:04o})."
        findings.append(error("shut", entry.path, text, advice))
    return findings


def judge_presence(entry: Entry, kind: Kind, *, what: str, advice: str) -> list[Finding]:
    if entry.kind is kind:
        return []
    if entry.kind is Kind.UNKNOWN:
        text = f"{entry.path}, {what}, cannot be looked at: {entry.problem}."
        return [warning("not_seen", entry.path, text, "Run this as root.")]
    seen = "is missing" if entry.kind is Kind.MISSING else f"is no {kind}"
    return [error("missing", entry.path, f"{entry.path}, {what}, {seen}.", advice)]


def judge_parents(parents: Iterable[Entry]) -> list[Finding]:
    """The directories above what sendmail opens. It calls a map below one that others may write
    unsafe, and a warning of its counts as a failure."""
    findings = []
    for entry in parents:
        if entry.kind is not Kind.DIRECTORY:
            continue
        if entry.mode & OTHERS_WRITE:
            text = f"{entry.path} may be written by others (mode {entry.mode:04o})."
            advice = f"chmod go-w {entry.path}; sendmail calls everything below it unsafe."
            findings.append(error("unsafe_parent", entry.path, text, advice))
        for user in entry.readers_kept_out:
            text = f"{user} cannot enter {entry.path} (mode {entry.mode:04o}, {entry.owner})."
            findings.append(error("shut_parent", entry.path, text, f"chmod o+x {entry.path}"))
    return findings


def judge_release(link: str, problem: str, files: Iterable[Entry]) -> list[Finding]:
    """The release that a link names: every file readable by who submits."""
    if problem:
        return [error("link", link, problem, "Put it right by hand, or propose a push anew.")]
    return [
        error(
            "unreadable",
            entry.path,
            f"{user} cannot read {entry.path} of the release that {link} names.",
            f"chmod 644 {entry.path}; 755 where it is a directory.",
        )
        for entry in files
        for user in entry.readers_kept_out
    ]


def judge_program(entry: Entry, *, what: str, package: str) -> list[Finding]:
    advice = f"Install it ({package}), or name another in the agent's file."
    found = judge_presence(entry, Kind.FILE, what=what, advice=advice)
    if not found and entry.readers_kept_out:
        text = f"{' and '.join(entry.readers_kept_out)} cannot run {entry.path}, {what}."
        found = [error("not_executable", entry.path, text, f"chmod 755 {entry.path}")]
    return found


def judge_sendmail(path: str, version: str, options: Sequence[str]) -> list[Finding]:
    """The version, and the types of maps that are compiled in."""
    if not version:
        text = f"{path} does not say which version of sendmail it is."
        advice = "Name the real program in the agent's file; its name may be another MTA's."
        return [error("no_sendmail", path, text, advice)]
    findings = []
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if not OLDEST_SENDMAIL <= numbers <= NEWEST_SENDMAIL:
        text = f"sendmail is {version}; mailadmin knows 8.12 to 8.18."
        advice = "Try one push with a domain of no weight, and read its proof."
        findings.append(warning("sendmail_version", path, text, advice))
    if MAP_SUPPORT not in options:
        text = f"sendmail {version} has no Berkeley DB ({MAP_SUPPORT}); our maps are btree."
        advice = "Install a sendmail that has it; Debian's does."
        findings.append(error("no_btree", path, text, advice))
    return findings


def judge_wrapper(entry: Entry, not_baked: Sequence[str]) -> list[Finding]:
    """`not_baked` are the paths of the agent's file that the program does not hold."""
    advice = "Build it: deploy/mailhost/install, or deploy/wrapper/build."
    if found := judge_program(entry, what="the wrapper", package=advice):
        return found
    findings: list[Finding] = []
    if entry.kind is not Kind.FILE:
        return findings
    if entry.mode & SET_ID:
        text = f"The wrapper {entry.path} is setuid or setgid (mode {entry.mode:04o})."
        advice_bits = f"chmod ug-s {entry.path}: Sympa starts it as the spool's owner already."
        findings.append(error("wrapper_setuid", entry.path, text, advice_bits))
    if entry.mode & OTHERS_WRITE or entry.owner != "root":
        text = f"The wrapper {entry.path} may be replaced by others than root"
        seen = f"{text} ({entry.owner}, mode {entry.mode:04o})."
        change = f"chown root: {entry.path}; chmod 755 {entry.path}"
        findings.append(warning("wrapper_writable", entry.path, seen, change))
    if not_baked:
        text = f"The wrapper {entry.path} was built for other paths: it lacks "
        findings.append(error("wrapper_paths", entry.path, text + ", ".join(not_baked), advice))
    return findings


def judge_spool(spool: Entry, kept: Entry, *, strangers: int, owner: str) -> list[Finding]:
    """`strangers` counts queue files of other users in the spool."""
    findings = []
    if strangers:
        text = f"{strangers} files in {spool.path} belong to others than {owner}: its queue runs"
        advice = f"find {spool.path} ! -user {owner}, and chown them to {owner}."
        findings.append(error("strangers", spool.path, f"{text} skip them in silence.", advice))
    if spool.device and spool.device == kept.device:
        text = f"The kept area {kept.path} is on the file system of the spool {spool.path}."
        advice = "Give it one of its own: what fills the spool fills both."
        findings.append(warning("same_disk", kept.path, text, advice))
    return findings


def judge_room(room: Room, *, what: str) -> list[Finding]:
    findings = []
    advice = "Make room."
    megabytes = room.free_bytes // 1024**2
    if room.free_bytes < NO_BYTES:
        text = f"{room.path}, {what}, has {megabytes} MB left; sendmail takes no message below 100."
        findings.append(error("full", room.path, text, advice))
    elif room.free_bytes < LOW_BYTES:
        text = f"{room.path}, {what}, has only {megabytes} MB left."
        findings.append(warning("nearly_full", room.path, text, advice))
    if room.total_inodes and room.free_inodes < FEW_INODES:
        text = f"{room.path}, {what}, has room for {room.free_inodes} more files only."
        findings.append(error("no_inodes", room.path, text, advice))
    return findings


def judge_clock(*, synchronized: bool | None, ahead_s: int) -> list[Finding]:
    """`synchronized` as the kernel says, None where it does not; `ahead_s` is how much later than
    now the agent's own journal was written."""
    findings = []
    if ahead_s > 300:
        text = f"The clock was set back: the agent's journal is from {ahead_s // 60} min ahead."
        advice = "Set the clock; orders are good for an hour."
        findings.append(error("clock_back", "clock", text, advice))
    if synchronized is False:
        text = "Nothing keeps the clock right: the kernel says that it is not synchronized."
        advice = "Run chrony or systemd-timesyncd; an order is refused past its time."
        findings.append(warning("clock_free", "clock", text, advice))
    return findings


def judge_broker(address: str, *, encrypted: bool, local: bool, problem: str) -> list[Finding]:
    """`address` is that of Redis without its password; `problem` is why it did not answer."""
    findings = []
    if problem:
        text = f"Redis at {address} cannot be used: {problem}."
        advice = "Look at its address, its user in the ACL file, the firewall and its certificate."
        findings.append(error("redis", address, text, advice))
    if not encrypted and not local:
        text = f"The way to Redis at {address} is not encrypted: its password can be read."
        findings.append(warning("no_tls", address, text, "Use rediss:// in the agent's address."))
    return findings


def verdict(findings: Iterable[Finding]) -> int:
    """The exit code: 0 nothing to say, 1 warnings only, 2 at least one error."""
    severities = {finding.severity for finding in findings}
    if Severity.ERROR in severities:
        return 2
    return 1 if severities else 0
