"""Limits of makemap that the checks of values stand on."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace

import pytest

from deploy.sandbox.hosts import HostTree
from deploy.sandbox.tools import SendmailTools
from routing.core.intent import ObjectKind, RoutingObject, make_intent
from routing.core.mailertable import VALUE_LIMIT
from routing.core.names import KEY_LIMIT
from routing.core.render import render
from tests.fixtures.sandbox import AsHost
from tests.integration.routing.built import Built, facts_of
from tests.unit.routing.values import SMTP1


def test_makemap_takes_the_longest_line_and_no_longer_one(
    host_dir: Callable[..., HostTree], sendmail_tools: SendmailTools, as_host: AsHost
) -> None:
    """For one line too long it refuses the whole table."""
    tree = host_dir()
    default = RoutingObject(SMTP1.id, ObjectKind.ROUTE, ".", relay_target=SMTP1.id)
    intent = make_intent("listes", {default.id: default}, {SMTP1.id: SMTP1})
    bundle = render(intent, facts_of(tree, sendmail_tools))
    key = ".".join(["a" * 60] * 5)[: KEY_LIMIT - 4] + ".org"

    def build(length: int) -> None:
        line = f"{key}\t{'esmtp:'.ljust(length, 'b')}\n"
        path = tree.routing / "releases" / str(length)
        built = Built(tree, sendmail_tools, path, as_host)
        built.write(replace(bundle, files={**bundle.files, "mailertable": line}))

    build(VALUE_LIMIT)
    with pytest.raises(subprocess.CalledProcessError) as refused:
        build(VALUE_LIMIT + 1)
    assert b"line too long (1024 bytes max)" in refused.value.stderr
