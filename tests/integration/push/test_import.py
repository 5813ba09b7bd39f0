"""The first release of a list server comes from its own mailertable, without an approval."""

from __future__ import annotations

import pytest

from deploy.sandbox.layout import SEED_TABLE
from mailadmin.audit.services import last_number
from routing.core.mailertable import parse_mailertable
from routing.core.states import PushState, TargetState
from routing.models import Approval, ConfigPush, RoutingObject
from routing.services.errors import NotAllowed
from routing.services.importing import ImportPlan, import_mailertable, read_mailertable
from tests.integration.push.site import Site


def plan_of(site: Site) -> ImportPlan:
    return read_mailertable(
        text=SEED_TABLE.read_text(), host=site.host, source="mailertable", relay_port=2525
    )


def test_an_import_is_live_and_confirmed_without_an_approval(site: Site) -> None:
    push = ConfigPush.objects.get(pk=1)
    target = site.target(push)
    assert (push.state, target.state) == (PushState.ACTIVE, TargetState.CONFIRMED)
    assert not Approval.objects.filter(push=push).exists()
    assert site.proof(push)["unexplained"] == 0
    before = site.proof(push)["as_before"]
    assert (before["state"], before["differs"], before["silent"]) == ("asked", 0, 0)
    assert before["same"] == before["asked"] > 0
    assert (site.releases / target.revision.digest / "manifest.json").is_file()


def test_the_live_map_routes_every_key_of_the_imported_table(site: Site) -> None:
    parsed = parse_mailertable(SEED_TABLE.read_text())
    live = site.live_map()
    assert {line.key for line in parsed.lines} <= live.keys()
    assert live["host.renater.fr"] == "esmtp:[host.renater.fr]"
    assert live["."].endswith(":[smtp1.renater.fr]")


def test_a_second_import_is_refused_and_writes_nothing(site: Site) -> None:
    before = (last_number(), RoutingObject.objects.count(), ConfigPush.objects.count())
    with pytest.raises(NotAllowed) as refused:
        import_mailertable(plan=plan_of(site))
    assert "listes has a release already; edit and propose instead." in refused.value.reasons
    assert (last_number(), RoutingObject.objects.count(), ConfigPush.objects.count()) == before
