"""On a machine with SQLite both users of the control plane write what `mailadmin-manage` made."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
WORKER, WEB, SITE = 64101, 64102, 64103

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become two other users")

# Stands where manage.py does; the database is a real one, opened as the settings open it.
WRITES = """
import os, sqlite3, sys
url = os.environ.get("MAILADMIN_DATABASE_URL")
database = sqlite3.connect((url or open(os.environ["MAILADMIN_DATABASE_URL_FILE"]).read()).strip().removeprefix("sqlite:///").partition("?")[0])
database.execute("PRAGMA journal_mode=WAL")
database.execute("CREATE TABLE IF NOT EXISTS written (by INTEGER)")
database.execute("INSERT INTO written VALUES (?)", [os.geteuid()])
database.commit()
print(sorted(row[0] for row in database.execute("SELECT by FROM written")), flush=True)
os._exit(0)  # as one that is killed: -wal and -shm stay
"""

# A machine of its own below /etc and /opt, in a mount namespace: this one's files are not touched.
MACHINE = """
set -eu
mkdir /tmp/etc.$$
mount -t tmpfs tmpfs /tmp/etc.$$
cp -a /etc/ld.so.cache /etc/nsswitch.conf /tmp/etc.$$/ 2>/dev/null || true
cp -r "$1/etc/." /tmp/etc.$$/
mount --bind /tmp/etc.$$ /etc
mount -t tmpfs tmpfs /opt
cp -a "$1/opt/." /opt/
chown 64101:64103 /opt/database
chmod 2770 /opt/database
umount -l /tmp/etc.$$
rmdir /tmp/etc.$$
shift
exec "$@"
"""
BY_WORKER = "/opt/manage"
BY_WEB = (
    "umask 0007; MAILADMIN_DATABASE_URL=sqlite:////opt/database/site.sqlite3"
    f" setpriv --reuid {WEB} --regid {SITE} --clear-groups"
    " /opt/mailadmin/control/.venv/bin/python /opt/mailadmin/control/manage.py"
)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """What the installer puts on a machine of the control plane, as far as a database needs it."""
    etc, opt = tmp_path / "etc", tmp_path / "opt"
    control = opt / "mailadmin/control"
    for directory in (etc / "mailadmin", control / ".venv/bin", opt / "database"):
        directory.mkdir(parents=True)
    (etc / "passwd").write_text(
        "root:x:0:0::/:/bin/sh\n"
        f"mailadmin-control:x:{WORKER}:{WORKER}::/:/bin/sh\n"
        f"mailadmin-web:x:{WEB}:{WEB}::/:/bin/sh\n"
    )
    (etc / "group").write_text(f"root:x:0:\nmailadmin-site:x:{SITE}:\n")
    (etc / "mailadmin/control.env").write_text(
        "MAILADMIN_DATABASE_URL_FILE=/etc/mailadmin/database-url\n"
    )
    (etc / "mailadmin/database-url").write_text("sqlite:////opt/database/site.sqlite3\n")
    (control / "manage.py").write_text(WRITES)
    (control / ".venv/bin/python").symlink_to("/usr/bin/python3")
    shutil.copy(CHECKOUT / "deploy/control/manage", opt / "manage")
    for path in (etc, opt, *etc.rglob("*"), *opt.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.name == "manage" else 0o644)
    return tmp_path


def on(machine: Path, *lines: str) -> list[str]:
    """What the lines of a shell print there, one after the other; the first that fails ends it."""
    command = ["unshare", "--mount", "sh", "-c", MACHINE, "sh", str(machine)]
    ran = subprocess.run(
        [*command, "sh", "-euc", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout.splitlines()


def test_the_web_process_writes_what_the_worker_made_and_the_other_way_round(machine: Path) -> None:
    said = on(machine, BY_WORKER, BY_WEB, BY_WORKER)
    assert said == [f"[{WORKER}]", f"[{WORKER}, {WEB}]", f"[{WORKER}, {WORKER}, {WEB}]"]


def test_files_of_an_older_version_are_opened_for_the_group(machine: Path) -> None:
    """Whoever came first has made -wal and -shm, and a process that is killed leaves them."""
    made = "umask 027; : >/opt/database/site.sqlite3"
    older = (
        f"setpriv --reuid {WORKER} --regid {SITE} --clear-groups sh -c '{made}'",
        f"setpriv --reuid {WEB} --regid {SITE} --clear-groups sh -c '{made}-shm'",
    )
    assert on(machine, *older, BY_WORKER, BY_WEB)[-1] == f"[{WORKER}, {WEB}]"


def test_another_database_makes_no_file(machine: Path) -> None:
    url = machine / "etc/mailadmin/database-url"
    url.write_text("postgres://mailadmin:x@127.0.0.1/mailadmin\n")
    assert on(machine, f"{BY_WORKER} || true", "ls -A /opt/database") == []
