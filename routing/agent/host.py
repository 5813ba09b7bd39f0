"""What the agents of a mail host are told about it by their configuration file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from routing.core.facts import HostKind


@dataclass(frozen=True, slots=True)
class HostConfig:
    """One mail host. Every path is absolute on it.

    `routing` holds releases/, manifests/, current and last-good, and belongs to the deploy agent;
    everybody may read it. `owner` and `group` own the spool and run sendmail on it. `cf_dir` is
    the directory of m4's sources, with a final slash. `service_switch` is sendmail's
    ServiceSwitchFile, empty where the host uses the default.
    """

    name: str
    fqdn: str
    kind: HostKind
    routing: Path
    spool: Path
    run_dir: Path
    kept: Path
    dead_letter: Path
    sendmail: Path
    makemap: Path
    m4: Path
    cf_dir: str
    wrapper: Path
    owner: str
    group: str
    trusted_user: str
    local_mta_host: str = "127.0.0.1"
    local_mta_port: int = 25
    service_switch: str = ""
    other_spools: tuple[Path, ...] = ()
    """More spools to look at and never to touch, as sendmail's QueueDirectory has them: a name that
    ends in an asterisk is all directories that begin so."""
    existing_cf: Path = Path("/etc/mail/sympa.cf")
    """What Sympa submits with before the first release; it need not be there, empty is none."""
    existing_mc: Path = Path()
    """From here on: what else may be read, for an adoption. Nothing that is not named is."""
    existing_mailertable: Path = Path()
    existing_class_w: tuple[Path, ...] = ()
    existing_sympa_conf: Path = Path()
    existing_robots: Path = Path()
    """The directory of the robots' directories; with sympa.conf it is looked through every hour."""
    existing_access: Path = Path()
    existing_aliases: Path = Path()
    mta_local_names: tuple[Path, ...] | None = None
    """All files of the names that the MTA on this host has for its own (class w), and all of the
    domains that it relays for. They are read every hour; None is not told, () is none."""
    mta_relay_domains: tuple[Path, ...] | None = None
    build_seconds: int = 120
    """The most that one run of m4 or makemap may take."""
    ask_seconds: int = 120
    """The most that one run of sendmail may take; 60 s of it go where the name is unqualified."""
    state: Path = Path()
    """The agent's own directory, which its file names outside of this table."""
