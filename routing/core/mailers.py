"""The mailers that a bundle needs beside sendmail's own, because a mailertable knows no ports."""

from __future__ import annotations

from dataclasses import dataclass

from routing.core.facts import HostFacts
from routing.core.intent import SMTP_PORT, Intent, RelayTarget

ESMTP = "esmtp"
ERROR = "error"
LOCAL_MTA = "local_mta"
RELAY_PREFIX = "relay_"
SMTP_MAILERS = frozenset({"smtp", ESMTP, "smtp8", "dsmtp", "relay"})
"""What MAILER(smtp) defines."""

OWN_MAILERS = 16
"""sendmail knows 25 mailers; MAILER(local) and MAILER(smtp) take nine (8.17.1, measured)."""

FLAGS = "mDFMuXak"
"""sendmail's own flags of esmtp, and k: without it a next hop that greets with our own name
(the local MTA does) is a permanent failure, `553 5.3.5 mail loops back to me`."""


@dataclass(frozen=True, slots=True)
class Mailer:
    """A mailer of our own: ESMTP to the next hop, on `port`."""

    name: str
    port: int
    flags: str = FLAGS

    @property
    def mc(self) -> str:
        """Its line for MAILER_DEFINITIONS; the rest is what cf/mailer/smtp.m4 gives esmtp."""
        return (
            f"M{self.name},\tP=[IPC], F={self.flags}, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP, "
            f"E=\\r\\n, L=990,\n\t\tT=DNS/RFC822/SMTP, A=TCP $h {self.port}"
        )


def relay_mailer(relay: RelayTarget) -> str:
    """The name of the mailer of a relay target: esmtp on port 25, else one of its own."""
    if relay.port == SMTP_PORT:
        return ESMTP
    return RELAY_PREFIX + relay.name.replace("-", "_")


def local_mailer(facts: HostFacts) -> str:
    """The name of the mailer to the local MTA of the host."""
    return ESMTP if facts.local_mta_port == SMTP_PORT else LOCAL_MTA


def is_reserved(mailer: str) -> bool:
    """True for names that only rendering may use."""
    return mailer == LOCAL_MTA or mailer.startswith(RELAY_PREFIX)


def mailers_of(intent: Intent, facts: HostFacts) -> tuple[Mailer, ...]:
    """The mailers to define, in name order; those on port 25 are sendmail's own esmtp."""
    ports = {relay_mailer(relay): relay.port for relay in intent.relay_targets}
    ports[local_mailer(facts)] = facts.local_mta_port
    ports.pop(ESMTP, None)
    return tuple(Mailer(name, port) for name, port in sorted(ports.items()))
