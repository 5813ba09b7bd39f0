"""The accounts of the demonstration. Their passwords are public, so they are made nowhere else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One account."""

    username: str
    name: str
    roles: tuple[str, ...]

    @property
    def password(self) -> str:
        return f"{self.username}-shows-mail"


DEMO_PEOPLE = (
    DemoPerson("claire", "Claire Morel", ("editor",)),
    DemoPerson("paul", "Paul Lefèvre", ("approver",)),
    DemoPerson("odile", "Odile Garnier", ("operator",)),
    DemoPerson("victor", "Victor Blanc", ("viewer",)),
)


def as_setting() -> str:
    """The accounts as the sign-in page is told them: NAME:PASSWORD:ROLE, by commas."""
    return ",".join(f"{p.username}:{p.password}:{' and '.join(p.roles)}" for p in DEMO_PEOPLE)
