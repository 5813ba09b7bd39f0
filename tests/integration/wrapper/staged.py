"""Releases as the deploy agent stages them, for the wrapper's tests that need the whole."""

from __future__ import annotations

import os
from uuid import UUID

from mailadmin.wire.core.messages import Outcome
from routing.agent.stage import stage
from routing.core.intent import Intent, ObjectKind, RelayTarget, RoutingObject
from routing.core.render import render
from tests.integration.routing.built import facts_of
from tests.integration.wrapper.list_server import ListServer

RELAY_ID = UUID(int=1)
VIRTUAL_DOMAIN = RoutingObject(UUID(int=2), ObjectKind.VIRTUAL_DOMAIN, "lists.renater.fr")
WAY_OUT = RoutingObject(UUID(int=3), ObjectKind.ROUTE, ".", relay_target=RELAY_ID)


def stage_for(server: ListServer, *, relay_port: int, mta_port: int = 25) -> dict[str, str]:
    """Render and stage a release with one virtual domain, everything else to a relay; what the
    verb *activate* asks for: `release` and `manifest_digest`."""
    target = RelayTarget(RELAY_ID, "smtp1", ("smtp1.renater.fr",), relay_port)
    facts = facts_of(server.tree, server.tools, local_mta_port=mta_port)
    bundle = render(Intent("listes", (WAY_OUT, VIRTUAL_DOMAIN), (target,)), facts)
    done = stage(server.config(), {"release": bundle.digest}, bundle.canonical)
    assert done.outcome is Outcome.DONE, done.body
    # An agent never runs as root; as root makemap gives its map to the trusted user.
    for map_file in (server.tree.routing / "releases" / bundle.digest).glob("*.db"):
        os.chown(map_file, os.geteuid(), -1)
    return {"release": bundle.digest, "manifest_digest": str(done.body["manifest_digest"])}
