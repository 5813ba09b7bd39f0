"""What can go wrong at a submission: each fault really happens, to real sendmail."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.sandbox.tools import find_program
from tests.fixtures.mounts import read_only
from tests.fixtures.sandbox import Sink, wait_until
from tests.integration.wrapper.gate import Gate
from tests.integration.wrapper.list_server import MESSAGE, SYMPA, ListServer, hide

SENDER = "list-owner@lists.renater.fr"
RECIPIENTS = ("a@example.net", "b@example.net")
REFUSED = "refused, and its sender has a notice"
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
IMPATIENT = ("-OTimeout.initial=1s", "-OTimeout.iconnect=1s")
CALL = (*SYMPA, *IMPATIENT, "-f", SENDER, "--")
PATIENT_CALL = (*SYMPA, "-f", SENDER, "--")
LARGE = MESSAGE + (b"0123456789" * 7 + b"\n") * (50_000_000 // 71)


@dataclass(frozen=True, slots=True)
class Scene:
    """A list server whose release gives everything to `relay`.

    `bereft` is the same server with a wrapper that calls whatever a test puts in sendmail's place,
    nothing at first. `gate` is a port that answers when the test lets it.
    """

    server: ListServer
    bereft: ListServer
    relay: Sink
    gate: Gate
    silent_port: int

    @property
    def release(self) -> Path:
        return self.server.releases / "a"

    def go_through_gate(self) -> None:
        """Make a release live whose relay answers when the gate is opened."""
        self.server.make_release("gated", self.gate.port)
        self.server.activate("gated")


@dataclass(frozen=True, slots=True)
class Sent:
    """What the wrapper answered, to whom the message went, and what it was.

    `elsewhere` is where it was seen besides, in a file system that only the wrapper had; `arrived`
    says what the relay got.
    """

    exit: int
    said: bytes
    recipients: tuple[str, ...] = RECIPIENTS
    message: bytes = MESSAGE
    arguments: tuple[str, ...] = CALL
    elsewhere: tuple[str, ...] = ()
    arrived: str = "delivered"


def send(
    server: ListServer, *, message: bytes = MESSAGE, recipients: Sequence[str] = RECIPIENTS
) -> Sent:
    done = server.call(*CALL, *recipients, message=message)
    return Sent(done.returncode, done.stderr, tuple(recipients), message)


def send_by(command: Sequence[str]) -> Sent:
    """Run a command that calls the wrapper somehow."""
    done = subprocess.run(command, input=MESSAGE, capture_output=True, timeout=300, check=False)
    return Sent(done.returncode, done.stderr)


def begin(scene: Scene) -> subprocess.Popen[bytes]:
    """Submit in a process group of its own; return when the message is in the spool."""
    command = scene.server.command(*PATIENT_CALL, *RECIPIENTS)
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stdin is not None
    process.stdin.write(MESSAGE)
    process.stdin.close()
    process.stdin = None
    wait_until(lambda: len(scene.server.queued()) == 2, "sendmail has queued the message")
    return process


def end(process: subprocess.Popen[bytes]) -> Sent:
    _, said = process.communicate(timeout=300)
    return Sent(process.returncode, said, arguments=PATIENT_CALL)


def send_into(scene: Scene, free_kb: int, message: bytes) -> Sent:
    """Submit with a spool of this size: what it leaves there is no queue file, or a cut off one."""
    spool = scene.server.tree.spool
    mounts = f"mount -t tmpfs -o size={free_kb + 4}k,mode=700,uid=$OWNER tmpfs {spool}"
    fill = f"{mounts}\nhead -c 4k /dev/zero >{spool}/fill"
    look = f"find {spool} -name 'qf*' -size +0 -exec cat {{}} + >&2"
    command = scene.server.command_in_mounts(fill, *CALL, *RECIPIENTS, after=look)
    done = subprocess.run(command, input=message, capture_output=True, timeout=300, check=False)
    cut_off = ("cut off in the spool",) if b"\nMOut of disk space" in done.stderr else ()
    assert bool(cut_off) == (b"\nRP" in done.stderr)
    return Sent(done.returncode, done.stderr, message=message, elsewhere=cut_off)


def full_spool(scene: Scene) -> Sent:
    return send_into(scene, 0, MESSAGE)


def nearly_full_spool(scene: Scene) -> Sent:
    sent = send_into(scene, 300, MESSAGE)
    assert not (scene.server.tree.run / "dead").exists()
    return sent


def spool_that_fills_up(scene: Scene) -> Sent:
    """sendmail puts a notice of its own in the place of the message's body."""
    return send_into(scene, 600, LARGE[:5_000_000])


def missing_spool(scene: Scene) -> Sent:
    spool = scene.server.tree.spool
    away = spool.rename(spool.with_name("spool-away"))
    sent = send(scene.server)
    away.rename(spool)
    return sent


def unwritable_spool(scene: Scene) -> Sent:
    spool = scene.server.tree.spool
    mounts = f"mount --bind {spool} {spool}; mount -o remount,bind,ro {spool}"
    return send_by(scene.server.command_in_mounts(mounts, *CALL, *RECIPIENTS))


def broken_configuration(scene: Scene) -> Sent:
    (scene.release / "sympa.cf").write_text("this is no configuration\n")
    return send(scene.server)


def missing_map(scene: Scene) -> Sent:
    (scene.release / "mailertable.db").unlink()
    return send(scene.server)


def unreadable_map(scene: Scene) -> Sent:
    hide(scene.release / "mailertable.db")
    return send(scene.server)


def removed_before(scene: Scene) -> Sent:
    """The lock forbids that to our agents, and to nobody else. The real sendmail starts late."""
    late = scene.server.tree.run / "late"
    real = scene.server.paths.sendmail
    wait = f"touch {late}; while [ -e {late} ]; do sleep 0.01; done"
    scene.bereft.write_program(f'{wait}; exec {real} "$@"')
    process = subprocess.Popen(
        scene.bereft.command(*CALL, *RECIPIENTS), stdin=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(MESSAGE)
    process.stdin.close()
    process.stdin = None
    wait_until(late.exists, "sendmail is about to start")
    shutil.rmtree(scene.release)
    late.unlink()
    return replace(end(process), arguments=CALL)


def removed_while(scene: Scene) -> Sent:
    scene.go_through_gate()
    process = begin(scene)
    shutil.rmtree(scene.server.releases / "gated")
    scene.gate.open_to(scene.relay.port)
    return end(process)


def missing_sendmail(scene: Scene) -> Sent:
    return send(scene.bereft)


def killed_sendmail(scene: Scene) -> Sent:
    scene.go_through_gate()
    process = begin(scene)
    (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(child), signal.SIGKILL)
    return end(process)


def killed_all(scene: Scene) -> Sent:
    scene.go_through_gate()
    process = begin(scene)
    os.killpg(process.pid, signal.SIGKILL)
    sent = end(process)
    # Nobody waits for a sendmail without its wrapper: it may hold the message a moment longer.
    wait_until(lambda: not any(message.running for message in scene.server.kept()), "all ended")
    return sent


def stopped_by(*numbers: int) -> Callable[[Scene], Sent]:
    def stopped(scene: Scene) -> Sent:
        scene.go_through_gate()
        process = begin(scene)
        for number in numbers:
            os.killpg(process.pid, number)
        scene.gate.open_to(scene.relay.port)
        return end(process)

    return stopped


def send_through(scene: Scene, *prefix: str, message: bytes = MESSAGE) -> Sent:
    """Submit by way of a program that changes what the wrapper inherits."""
    server = scene.server
    words = [*prefix, str(server.paths.out), *CALL, *RECIPIENTS]
    command = server.tree.command(server.tree.users.spool, words)
    done = subprocess.run(command, input=message, capture_output=True, timeout=300, check=False)
    return Sent(done.returncode, done.stderr, message=message)


def ignored_signals(scene: Scene) -> Sent:
    return send_through(scene, "env", "--ignore-signal=TERM,INT,HUP,PIPE,CHLD")


def blocked_signals(scene: Scene) -> Sent:
    return send_through(scene, "env", "--block-signal")


def hostile_environment(scene: Scene) -> Sent:
    """What a set-user-id program, or a careless one, would listen to."""
    scene.server.tree.run.joinpath("hostile.cf").write_text("this is no configuration\n")
    hostile = [
        f"HOSTALIASES={scene.server.tree.run}/hostile.cf",
        "IFS=/",
        "PATH=",
        "HOME=/nonexistent",
        "LC_ALL=xx_XX.UTF-8",
        "LANG=" + "x" * 5000,
        "TZ=:/etc/passwd",
        "TMPDIR=/nonexistent",
        "NAME=a\nb",
        "USER=root",
        "LOGNAME=root",
    ]
    return send_through(scene, find_program("env"), "-i", *hostile)


def send_body(scene: Scene, body: bytes) -> Sent:
    head, _, _ = MESSAGE.partition(b"\n\n")
    return send(scene.server, message=head + b"\n\n" + body)


def arrived_body(scene: Scene) -> bytes:
    """The body of the only message that the relay got, with the line ends of a file."""
    (arrived,) = scene.relay.kept.iterdir()
    return arrived.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[2]


def nul_bytes(scene: Scene) -> Sent:
    """sendmail 8.17 sends none: the sender gets a notice."""
    sent = send_body(scene, b"before\0after\n\0\n\0\0last\n")
    assert scene.relay.recipients() == [SENDER]
    assert b"554 5.6.1 NUL byte not allowed" in arrived_body(scene)
    return replace(sent, recipients=(SENDER,), arrived=REFUSED)


def eight_bit(scene: Scene) -> Sent:
    body = bytes(range(128, 256)) + b"\ncaf\xc3\xa9 \xff\xfe\n"
    sent = send_body(scene, body)
    assert arrived_body(scene) == body
    return sent


def very_long_line(scene: Scene) -> Sent:
    """The mailer cuts a line as its L= says, and marks each cut."""
    sent = send_body(scene, b"x" * 1_000_000 + b"\n")
    assert (
        arrived_body(scene).replace(b"!\n ", b"").replace(b"!\n", b"") == b"x" * 1_000_000 + b"\n"
    )
    return sent


def many_arguments(scene: Scene) -> Sent:
    """Options before the recipients."""
    options = ("-OTimeout.initial=1s",) * (500 - len(CALL))
    call = (*CALL[:-1], *options, CALL[-1])
    done = scene.server.call(*call, *RECIPIENTS)
    return Sent(done.returncode, done.stderr, arguments=call)


# Fills the environment up to what exec(2) takes for the wrapper, by a few bytes: the wrapper's own
# words for sendmail do not fit. The smallest limit on the stack makes the smallest limit on both.
FILL = """
import errno, resource, subprocess, sys
STACK = 512 * 1024
def limit():
    resource.setrlimit(resource.RLIMIT_STACK, (STACK, STACK))
message = sys.stdin.buffer.read()
for size in range(65_536, 0, -16):
    environment = {"FIRST": "x" * 65_536, "SECOND": "x" * size}
    try:
        process = subprocess.Popen(
            sys.argv[1:], stdin=subprocess.PIPE, env=environment, preexec_fn=limit
        )
    except OSError as error:
        if error.errno != errno.E2BIG:
            raise
    else:
        process.communicate(message)
        sys.exit(process.returncode)
"""


def too_many_arguments(scene: Scene) -> Sent:
    sent = send_through(scene, find_program("python3"), "-c", FILL)
    assert b"Argument list too long" in sent.said
    return sent


def relay_down(scene: Scene) -> Sent:
    scene.server.make_release("down", 1)
    scene.server.activate("down")
    return send(scene.server)


def relay_silent(scene: Scene) -> Sent:
    scene.server.make_release("silent", scene.silent_port)
    scene.server.activate("silent")
    return send(scene.server)


def dead_writer(scene: Scene) -> Sent:
    return send(scene.server, message=MESSAGE.removesuffix(b"lo.\n"))


def closed_input(scene: Scene) -> Sent:
    command = scene.server.command(*CALL, *RECIPIENTS)
    return send_by(["sh", "-c", 'exec "$@" <&-', "sh", *command])


def large_message(scene: Scene) -> Sent:
    sent = send(scene.server, message=LARGE)
    assert [message["size"] > len(LARGE) for message in scene.relay.messages()] == [True]
    return sent


def full_kept_area(scene: Scene) -> Sent:
    kept = scene.server.tree.kept
    mounts = f"mount -t tmpfs -o size=4k,mode=700,uid=$OWNER tmpfs {kept}"
    return send_by(scene.server.command_in_mounts(mounts, *CALL, *RECIPIENTS))


def read_only_kept_area(scene: Scene) -> Sent:
    mounts = read_only(scene.server.tree.kept)
    return send_by(scene.server.command_in_mounts(mounts, *CALL, *RECIPIENTS))


def kept_area_elsewhere(scene: Scene) -> Sent:
    """What it holds at the end is copied to where the test looks."""
    kept = scene.bereft.tree.kept
    mounts = f"mount --bind {kept} /mnt\nmount -t tmpfs -o mode=700,uid=$OWNER tmpfs {kept}"
    look = f"cp -a {kept}/. /mnt/"
    return send_by(scene.bereft.command_in_mounts(mounts, *CALL, *RECIPIENTS, after=look))


def missing_kept_area(scene: Scene) -> Sent:
    scene.server.tree.kept.rmdir()
    return send(scene.server)


def nothing_works(scene: Scene) -> Sent:
    scene.server.tree.kept.rmdir()
    sent = broken_configuration(scene)
    assert b"there is no copy: the message may be lost" in sent.said
    return sent


def started_by_root(scene: Scene) -> Sent:
    done = scene.server.call(*CALL, *RECIPIENTS, user="root")
    return Sent(done.returncode, done.stderr)


def many_recipients(scene: Scene) -> Sent:
    return send(scene.server, recipients=[f"r{number:03}@example.net" for number in range(500)])


def open_descriptors(scene: Scene) -> Sent:
    read_end, write_end = os.pipe()
    command = scene.server.command(*CALL, *RECIPIENTS)
    process = subprocess.Popen(
        command, stdin=read_end, stderr=subprocess.PIPE, pass_fds=[write_end]
    )
    os.close(read_end)
    os.write(write_end, MESSAGE)
    os.close(write_end)
    _, said = process.communicate(timeout=300)
    return Sent(process.returncode, said)


def send_limited(scene: Scene, limit: str) -> Sent:
    """Submit with this limit on the size of a file, in bytes, smaller than the message."""
    message = LARGE[:200_000]
    wrapper = str(scene.server.paths.out)
    words = ["prlimit", f"--fsize={limit}", "--", wrapper, *CALL, *RECIPIENTS]
    command = scene.server.tree.command(scene.server.tree.users.spool, words)
    done = subprocess.run(command, input=message, capture_output=True, timeout=300, check=False)
    return Sent(done.returncode, done.stderr, message=message)


def soft_file_limit(scene: Scene) -> Sent:
    return send_limited(scene, "10000:")


def hard_file_limit(scene: Scene) -> Sent:
    sent = send_limited(scene, "10000")
    assert b"no copy and no memory" in sent.said
    assert scene.server.kept_files() == []
    return sent


# By the words of docs/wrapper.md.
FAULTS: dict[str, Callable[[Scene], Sent]] = {
    "the spool is full": full_spool,
    "the spool is nearly full (`MinFreeBlocks`)": nearly_full_spool,
    "the spool fills up in the middle": spool_that_fills_up,
    "the spool is missing": missing_spool,
    "the spool cannot be written": unwritable_spool,
    "`sympa.cf` is broken": broken_configuration,
    "the map is missing": missing_map,
    "the map cannot be read": unreadable_map,
    "the release is removed before sendmail reads it": removed_before,
    "the release is removed while sendmail works": removed_while,
    "sendmail is missing": missing_sendmail,
    "sendmail is killed (KILL)": killed_sendmail,
    "wrapper and sendmail are killed (KILL)": killed_all,
    "TERM to wrapper and sendmail": stopped_by(signal.SIGTERM),
    "INT to wrapper and sendmail": stopped_by(signal.SIGINT),
    "HUP to wrapper and sendmail": stopped_by(signal.SIGHUP),
    "TERM, INT and HUP to wrapper and sendmail": stopped_by(*STOPS),
    "signals that the caller ignores (TERM, INT, HUP, PIPE, CHLD)": ignored_signals,
    "signals that the caller blocks (all that can be)": blocked_signals,
    "the relay is down": relay_down,
    "the relay does not answer": relay_silent,
    "the writer dies in the middle": dead_writer,
    "standard input is closed": closed_input,
    "a message of 50 MB": large_message,
    "the kept area is full": full_kept_area,
    "the kept area is read-only": read_only_kept_area,
    "the kept area is a file system of its own and sendmail is missing": kept_area_elsewhere,
    "the kept area is missing": missing_kept_area,
    "the kept area is missing and `sympa.cf` is broken": nothing_works,
    "started by root": started_by_root,
    "500 recipients": many_recipients,
    "500 arguments": many_arguments,
    "arguments and environment fit for the wrapper, but not with its words to sendmail": (
        too_many_arguments
    ),
    "NUL bytes in the message": nul_bytes,
    "8-bit bytes in the message": eight_bit,
    "a line of 1 MB": very_long_line,
    "a hostile environment": hostile_environment,
    "the caller left descriptors open": open_descriptors,
    "a file may be no larger than the message (soft limit)": soft_file_limit,
    "a file may be no larger than the message (hard limit)": hard_file_limit,
}


def places_of(scene: Scene, sent: Sent) -> list[str]:
    """Where the message is for all of its recipients; fails when it is there for some of them, or
    twice."""
    found = {
        sent.arrived: Counter(scene.relay.recipients()),
        "in the spool": Counter(in_spool(scene.server)),
        "kept": Counter(kept_for(scene.server, sent)),
    }
    places = [place for place, recipients in found.items() if recipients]
    assert [found[place] for place in places] == [Counter(sent.recipients)] * len(places)
    return [*sent.elsewhere, *places]


def in_spool(server: ListServer) -> list[str]:
    """Recipients of queue files that have their message."""
    found: list[str] = []
    for path in server.tree.spool.glob("qf*"):
        body = path.with_name(path.name.replace("qf", "df", 1))
        assert body.stat().st_size > 0
        lines = path.read_bytes().decode("latin-1").splitlines()
        found += [line.partition(":")[2] for line in lines if line.startswith("RP")]
    return found


def kept_for(server: ListServer, sent: Sent) -> list[str]:
    """Recipients of kept messages, whole and with their arguments."""
    if not server.tree.kept.exists():
        return []
    found: list[str] = []
    for message in server.kept():
        place = server.tree.kept / message.id
        assert (message.running, message.problem) == (False, "")
        assert (place / "message").read_bytes() == sent.message
        assert server.kept_arguments() == [*sent.arguments, *sent.recipients]
        found += server.kept_arguments()[len(sent.arguments) :]
    return found
