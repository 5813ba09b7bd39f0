"""Roles, permissions, and which role grants which. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class PersonRole(StrEnum):
    """What somebody is here for. One person may hold several."""

    VIEWER = "viewer"
    EDITOR = "editor"
    APPROVER = "approver"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """What a view asks for. ANSWER: say yes or not now to what the fallback asks, and end a run."""

    READ = "read"
    EDIT = "edit"
    APPROVE = "approve"
    OPERATE = "operate"
    ANSWER = "answer"
    ADMINISTER = "administer"


GRANTS: Mapping[PersonRole, frozenset[Permission]] = {
    PersonRole.VIEWER: frozenset({Permission.READ}),
    PersonRole.EDITOR: frozenset({Permission.READ, Permission.EDIT}),
    PersonRole.APPROVER: frozenset({Permission.READ, Permission.APPROVE, Permission.ANSWER}),
    # Who is on call begins such a run by hand, so the question is theirs as well.
    PersonRole.OPERATOR: frozenset({Permission.READ, Permission.OPERATE, Permission.ANSWER}),
    # Who writes the policy does not act by it: whoever needs both holds both roles.
    PersonRole.ADMINISTRATOR: frozenset({Permission.READ, Permission.ADMINISTER}),
}


def permissions_of(roles: Iterable[PersonRole]) -> frozenset[Permission]:
    """Everything that these roles grant together."""
    return frozenset().union(*(GRANTS[role] for role in roles))


def roles_granting(permission: Permission) -> tuple[PersonRole, ...]:
    """The roles of which one is enough, in the order of the table."""
    return tuple(role for role, granted in GRANTS.items() if permission in granted)
