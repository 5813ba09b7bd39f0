"""Where sendmail's own programs are: unpacked below the sandbox's place, never installed."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


class SandboxError(RuntimeError):
    """Something that the sandbox needs is not there; the text says what to do."""


@dataclass(frozen=True, slots=True)
class SendmailTools:
    """Absolute paths. `cf_dir` ends in a slash, as m4's ``-D_CF_DIR_=`` wants it."""

    root: Path
    m4: Path

    @property
    def sendmail(self) -> Path:
        return self.root / "usr/libexec/sendmail/sendmail"

    @property
    def makemap(self) -> Path:
        return self.root / "usr/libexec/sendmail/makemap"

    @property
    def cf_dir(self) -> str:
        return f"{self.root}/usr/share/sendmail/cf/"


def find_tools(root: Path) -> SendmailTools:
    """The tools below `root`. Raises SandboxError when one is missing."""
    m4 = shutil.which("m4")
    tools = SendmailTools(root, Path(m4 or "/usr/bin/m4"))
    needed = (tools.m4, tools.sendmail, tools.makemap, Path(tools.cf_dir))
    missing = [str(path) for path in needed if not path.exists()]
    if missing:
        raise SandboxError(
            f"missing: {', '.join(missing)}; run deploy/sandbox/prepare.sh test, which makes them"
        )
    return tools


def find_program(name: str) -> str:
    """The path of a program of the system. Raises SandboxError when it is not installed."""
    found = shutil.which(name, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        raise SandboxError(
            f"{name} is not installed; run deploy/sandbox/prepare.sh test, which installs it"
        )
    return found
