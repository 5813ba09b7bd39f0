"""Two people at one object: nobody overwrites the other, and both read what happened."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from routing.core.intent import ObjectKind
from routing.models import RoutingObject
from routing.services.objects import delete_object, save_object
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, form_of, text

EDIT = "/domains/jres.org/edit/?server=listes"


def opened(client: Client, action: str) -> dict[str, str]:
    """The fields of a form as the browser would send them."""
    return form_of(client.get(action.replace("/edit/", "/")), action)


def test_who_edits_what_somebody_deleted_may_add_it_again(site: Site) -> None:
    client, row = site.sign_in("claire"), RoutingObject.objects.get(key="jres.org")
    sent = opened(client, EDIT) | {"note": "still wanted"}
    delete_object(identity=row.pk, version=row.version, by=site.people["luc"])

    answer = client.post(EDIT, sent)
    assert answer.status_code == 409
    assert "Luc Petit deleted jres.org while you edited it." in text(answer)
    assert "still wanted" in text(answer)

    client.post(EDIT, form_of(answer, EDIT))
    assert RoutingObject.objects.get(key="jres.org").note == "still wanted"


def test_who_deletes_what_somebody_edited_reads_what_it_is_now(site: Site) -> None:
    client, row = site.sign_in("claire"), RoutingObject.objects.get(key="jres.org")
    action = "/domains/jres.org/delete/?server=listes"
    sent = form_of(client.get(action), action)
    note(row, site)

    answer = client.post(action, sent)
    assert answer.status_code == 409
    assert "Luc Petit changed jres.org after you opened it." in text(answer)
    assert "his" in text(answer) and "Delete jres.org all the same" in text(answer)

    client.post(action, form_of(answer, action))
    assert not RoutingObject.objects.filter(key="jres.org").exists()
    assert client.post(action, sent).status_code == 302


def test_a_conflict_names_relays_and_no_ids(site: Site) -> None:
    relay = world.add_relay("smtp2", site.people["luc"])
    client, row = site.sign_in("claire"), RoutingObject.objects.get(key=".")
    action = "/routes/~everything-else/edit/?server=listes"
    sent = opened(client, action) | {"relay_target": str(relay.pk)}
    note(row, site)

    answer = client.post(action, sent)
    assert answer.status_code == 409
    assert "smtp1" in text(answer) and "smtp2" in text(answer)
    assert f">{relay.pk}<" not in text(answer)


def test_each_field_is_chosen_and_what_only_the_other_one_changed_is_theirs_at_first(
    site: Site,
) -> None:
    relay = world.add_relay("smtp2", site.people["luc"])
    client, row = site.sign_in("claire"), RoutingObject.objects.get(key=".")
    action = "/routes/~everything-else/edit/?server=listes"
    sent = opened(client, action) | {"relay_target": str(relay.pk), "note": ""}
    note(row, site)

    answer = client.post(action, sent)
    assert ticked(answer, "note") == "theirs"
    assert ticked(answer, "way") == "yours"

    client.post(action, pressed(answer, action))
    row.refresh_from_db()
    assert (row.note, row.relay_target) == ("his", relay)


def test_the_way_of_the_other_one_is_taken_whole(site: Site) -> None:
    luc, client = site.people["luc"], site.sign_in("claire")
    row = RoutingObject.objects.get(key=".")
    action = "/routes/~everything-else/edit/?server=listes"
    sent = opened(client, action) | {"note": "mine", "relay_target": "", "mailer": "esmtp"}
    route: dict[str, Any] = {
        "identity": row.pk,
        "version": row.version,
        "server": row.server,
        "key": ".",
    }
    save_object(
        **route, kind=ObjectKind.ROUTE, mailer="esmtp", next_hop="[elsewhere.example]", by=luc
    )

    answer = client.post(action, sent | {"next_hop": "[here.example]"})
    assert ticked(answer, "way") == "yours"
    client.post(action, pressed(answer, action) | {"take.way": "theirs"})
    row.refresh_from_db()
    assert (row.note, row.mailer, row.next_hop) == ("mine", "esmtp", "[elsewhere.example]")


def test_a_third_write_meanwhile_is_another_conflict_with_the_same_choices(site: Site) -> None:
    client, row = site.sign_in("claire"), RoutingObject.objects.get(key="jres.org")
    sent = opened(client, EDIT) | {"key": "new.jres.org", "note": ""}
    note(row, site)
    answer = client.post(EDIT, sent)
    row.refresh_from_db()
    note(row, site, "his again")

    answer = client.post(EDIT, pressed(answer, EDIT))
    assert answer.status_code == 409
    assert ticked(answer, "note") == "theirs"
    client.post(EDIT, pressed(answer, EDIT))
    row.refresh_from_db()
    assert (row.key, row.note) == ("new.jres.org", "his again")


def ticked(answer: Any, group: str) -> str:
    """Which side is chosen at first."""
    radios = re.findall(rf'name="take.{group}" value="(\w+)"( checked)?', text(answer))
    assert len(radios) == 2
    return str(next(side for side, is_ticked in radios if is_ticked))


def pressed(answer: Any, action: str) -> dict[str, str]:
    """What the page's button sends as it stands."""
    sent = form_of(answer, action)
    chosen = [name for name in sent if name.startswith("take.")]
    return sent | {name: ticked(answer, name.removeprefix("take.")) for name in chosen}


def note(row: RoutingObject, site: Site, said: str = "his") -> None:
    """Luc saves the object with a note of his."""
    save_object(
        identity=row.pk,
        version=row.version,
        server=row.server,
        kind=ObjectKind(row.kind),
        key=row.key,
        relay_target=row.relay_target_id,
        note=said,
        by=site.people["luc"],
    )
