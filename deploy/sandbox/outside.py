"""The world outside of the sandbox: domains that mail goes to, each with an address of its own.

Their addresses are of the loopback network, in a block that each sandbox draws for itself, and only
its hosts know them (etc/hosts): nothing leaves the machine. Mail goes there past the relay alone,
to port 25, which root may listen on; for anybody else nothing answers there.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from deploy.sandbox.broker import port_is_free

SMTP_PORT = 25
OPEN = ("orange.example", "free.example", "univ-lyon.example", "labo.example")
"""They take everything."""
LATER = {
    "plein.example": "452 4.2.2 Mailbox full",
    "gris.example": "451 4.7.1 Greylisted, try again later",
}
"""They take nothing today, whoever brings it, the relay too: something always waits."""
DOMAINS = (*OPEN, *LATER)


@dataclass(frozen=True, slots=True)
class Outside:
    """`block` is the first three numbers of the addresses, as in 127.81.7."""

    block: str

    @property
    def addresses(self) -> dict[str, str]:
        """Name of a domain → its address."""
        return {domain: f"{self.block}.{at}" for at, domain in enumerate(DOMAINS, start=1)}

    @property
    def nobody(self) -> str:
        """An address where nothing listens: connections are refused."""
        return f"{self.block}.200"

    @property
    def can_listen(self) -> bool:
        """Whether we may open port 25 there, and no other program has it."""
        return all(port_is_free(SMTP_PORT, host) for host in self.addresses.values())


def draw_block() -> str:
    """Not 127.0: other programs of the machine are there."""
    number = random.SystemRandom().randrange
    return f"127.{number(16, 240)}.{number(1, 250)}"
