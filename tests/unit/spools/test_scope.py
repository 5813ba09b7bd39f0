"""Which messages a run is for."""

from __future__ import annotations

import pytest

from spools.core.scope import Scope

EVERYTHING = Scope.of()
TO_ONE = Scope.of(domains=["Orange.FR."])
BUT_ONE = Scope.of(excluded=["free.fr"])
CHOSEN = Scope.of(queue_ids=["6AS1", "6AS2"])


@pytest.mark.parametrize(
    ("scope", "queue_id", "domains", "is_in"),
    [
        (EVERYTHING, "6AS1", [], True),
        (TO_ONE, "6AS1", ["free.fr", "orange.fr"], True),
        (TO_ONE, "6AS1", ["mail.orange.fr"], False),
        (TO_ONE, "6AS1", [], False),
        (BUT_ONE, "6AS1", ["orange.fr"], True),
        (BUT_ONE, "6AS1", ["free.fr", "orange.fr"], False),
        (CHOSEN, "6AS2", ["orange.fr"], True),
        (CHOSEN, "6AS3", ["orange.fr"], False),
    ],
)
def test_a_message_is_in_it_by_its_domains_and_its_queue_id(
    scope: Scope, queue_id: str, domains: list[str], is_in: bool
) -> None:
    assert scope.holds(queue_id, domains) is is_in
