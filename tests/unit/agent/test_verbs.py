"""The table of the agents: a function for every verb of every role, and no other."""

from mailadmin.agent.verbs import VERBS
from mailadmin.wire.core.messages import ROLE_OF


def test_each_role_carries_out_exactly_its_verbs() -> None:
    expected = {(role, verb) for verb, roles in ROLE_OF.items() for role in roles}

    assert set(VERBS) == expected
    assert all(callable(function) for function in VERBS.values())
