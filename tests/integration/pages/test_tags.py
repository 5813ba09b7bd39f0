"""Tags: on the forms, of many at once, as a filter, and never an edit that a push has to carry."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from mailadmin.asked import Asked
from mailadmin.audit.models import AuditEvent
from mailadmin.audit.services import last_number
from routing.core.intent import ObjectKind
from routing.models import ConfigPush, MailHost, RelayTarget, RoutingObject, TaggedObject
from routing.queries.editors import editors_of
from routing.queries.edits import pending_edits
from routing.queries.objects import list_objects
from routing.queries.pending import standing
from routing.queries.revisions import live_revision
from routing.queries.tags import words_on
from routing.services.acts import Act
from routing.services.bulk_acts import do_act
from routing.services.objects import delete_object, save_object
from tests.integration.pages.conftest import Site, text
from tests.integration.pages.test_bulk_acts import LIVE, ask, do
from tests.integration.pages.test_bulk_add import paste, save
from tests.integration.pages.test_export import exported, noted


def named(key: str) -> RoutingObject:
    return RoutingObject.objects.get(key=key)


def tag(site: Site, tags: str, *keys: str, act: Act = Act.TAG, who: str = "claire") -> Any:
    """Somebody tags these objects, or takes tags from them."""
    chosen = {row.pk: row.version for row in RoutingObject.objects.filter(key__in=keys)}
    return do_act(act=act, chosen=chosen, token=uuid4(), text=tags, by=site.people[who])


def words(*keys: str) -> list[str]:
    """The tags of these objects; the index says the same."""
    for row in RoutingObject.objects.all():
        found = TaggedObject.objects.filter(object=row).order_by("word")
        assert [(item.word, item.kind) for item in found] == [
            (w, row.kind) for w in row.tags.split()
        ]
    return [named(key).tags for key in keys]


def shown(client: Client, address: str) -> list[str]:
    return [row.name for row in client.get(address).context["list"].rows]


def sent(row: RoutingObject, **more: str) -> dict[str, str]:
    """The form of an object."""
    plain = {"identity": str(row.pk), "version": str(row.version), "server": row.server.name}
    return plain | {"key": row.key, "note": row.note} | more


def test_the_form_keeps_them_in_one_way_and_the_page_shows_them(site: Site) -> None:
    client, row = site.sign_in("claire"), named("jres.org")
    client.post("/domains/jres.org/edit/", sent(row, tags="Paris,  lyon PARIS"))
    assert words("jres.org") == ["lyon paris"]
    page = text(client.get("/domains/jres.org/"))
    assert 'value="lyon paris"' in page and '/domains/?tag=paris"' in page
    assert "tags lyon paris" in page.partition("History")[2]


def test_what_is_no_tag_is_told_beside_its_field_and_nothing_is_lost(site: Site) -> None:
    client, row = site.sign_in("claire"), named("jres.org")
    answer = client.post("/domains/jres.org/edit/", sent(row, tags="-x fine <y>", note="keep me"))
    assert answer.status_code == 422
    page = text(answer)
    assert "-x is no tag." in page and "&lt;y&gt; is no tag." in page and "keep me" in page
    assert 'value="-x fine &lt;y&gt;"' in page
    assert words("jres.org") == [""]


def test_tags_are_no_edit_and_bring_nothing_to_a_push(site: Site) -> None:
    tag(site, "paris", *LIVE)
    assert pending_edits() == () and not standing().edits
    assert "is not on any mail host" not in text(site.sign_in("claire").get("/domains/"))
    tag(site, "paris", "jres.org", act=Act.UNTAG)
    assert pending_edits() == ()


def test_who_only_tags_or_notes_an_edit_may_still_approve_it(
    site: Site, waiting: ConfigPush
) -> None:
    del waiting
    row, base = named("conf.renater.fr"), live_revision(site.host)
    assert {item.username for item in editors_of([row.pk], base)} == {"claire"}
    tag(site, "new", "conf.renater.fr", who="luc")
    noted(named("conf.renater.fr"), site, "a note of Luc's")
    assert {item.username for item in editors_of([row.pk], base)} == {"claire"}
    noted(named("conf.renater.fr"), site, "and off", enabled=False)
    assert {item.username for item in editors_of([row.pk], base)} == {"claire", "luc"}


def test_many_are_tagged_and_untagged_with_one_event_each(site: Site) -> None:
    client, before = site.sign_in("claire"), last_number()
    page = ask(client, "tag", all="yes", q="re")
    assert "Tag 2 virtual domains" in text(page) and "no mail host gets tags" in text(page)
    assert [do(client, page, tags="Paris customer-7").status_code for _ in range(2)] == [302, 302]
    assert words("jres.org", "renater.fr", "demo.sympa.org") == ["customer-7 paris"] * 2 + [""]
    events = AuditEvent.objects.filter(number__gt=before)
    assert sorted(events.values_list("action", flat=True)) == [
        "bulk.saved",
        "virtual_domain.changed",
        "virtual_domain.changed",
    ]
    page = ask(client, "untag", LIVE)
    assert page.context["has"] == ("customer-7", "paris")
    do(client, page, tags="paris lyon")
    assert words("jres.org", "renater.fr") == ["customer-7", "customer-7"]


def test_words_that_are_none_are_told_and_the_chosen_rows_stay_chosen(site: Site) -> None:
    client = site.sign_in("claire")
    answer = do(client, ask(client, "tag", LIVE), tags="fine -x")
    assert answer.status_code == 422 and answer.context["count"] == 3
    assert "-x is no tag." in text(answer) and 'value="fine -x"' in text(answer)
    assert do(client, answer, tags="fine").status_code == 302
    assert words(*LIVE) == ["fine"] * 3
    assert do(client, ask(client, "tag", LIVE), tags="").status_code == 422


def test_one_that_would_have_too_many_is_left_alone_and_told(site: Site) -> None:
    tag(site, " ".join(f"t{n}" for n in range(11)), "jres.org")
    plan = tag(site, "a b", *LIVE)
    assert [(item.key, item.why) for item in plan.left] == [
        ("jres.org", "13 tags are more than 12. Take some away.")
    ]
    assert words("renater.fr") == ["a b"] and "a" not in words("jres.org")[0].split()


def test_a_list_is_narrowed_by_one_tag_or_by_several(site: Site) -> None:
    tag(site, "paris", "jres.org", "renater.fr")
    tag(site, "paris-2 x", "jres.org", "demo.sympa.org")
    client = site.sign_in("vera")
    assert shown(client, "/domains/?tag=paris") == ["jres.org", "renater.fr"]
    assert shown(client, "/domains/?tag=PARIS+x") == ["jres.org"]
    assert shown(client, "/domains/?tag=pari") == []
    page = client.get("/domains/?tag=paris").context["list"]
    assert [(chip.label, chip.remove_href) for chip in page.chips] == [("Tag: paris", "/domains/")]
    assert page.tags == (
        ("paris-2", "/domains/?tag=paris+paris-2"),
        ("x", "/domains/?tag=paris+x"),
    )
    assert client.get("/local-hosts/").context["list"].tags == ()


def test_all_that_match_a_tag_are_those_of_the_list(site: Site) -> None:
    tag(site, "paris", "jres.org", "renater.fr")
    client = site.sign_in("claire")
    assert do(client, ask(client, "disable", all="yes", tag="paris")).status_code == 302
    disabled = RoutingObject.objects.filter(enabled=False)
    assert sorted(row.key for row in disabled) == ["jres.org", "renater.fr"]
    assert len(exported(client, "/domains/?format=csv&tag=paris").splitlines()) == 3


@pytest.mark.parametrize("form", ["csv", "json"])
def test_an_export_brings_tags_back(site: Site, form: str) -> None:
    tag(site, "paris customer-7", "jres.org", "host.renater.fr")
    client = site.sign_in("claire")
    file = exported(client, f"/domains/?format={form}")
    assert {str(line.outcome) for line in paste(client, file).context["plan"].lines} == {"same"}
    row = named("jres.org")
    delete_object(identity=row.pk, version=row.version, by=site.people["luc"])
    assert save(client, paste(client, file)).status_code == 302
    assert words("jres.org") == ["customer-7 paris"]


def test_an_import_takes_tags_keeps_them_or_clears_them(site: Site) -> None:
    tag(site, "paris", *LIVE)
    client = site.sign_in("claire")
    save(client, paste(client, "key,note\njres.org,n\n", existing="replace"))
    assert words("jres.org") == ["paris"]
    save(client, paste(client, "key,tags\njres.org,\nrenater.fr,Lyon\n", existing="merge"))
    assert words("jres.org", "renater.fr") == ["paris", "lyon"]
    save(client, paste(client, "key,tags\njres.org,\n", existing="replace"))
    assert words("jres.org") == [""]


def test_what_a_pasted_list_adds_is_tagged_and_what_is_there_stays(site: Site) -> None:
    tag(site, "paris", "jres.org")
    client = site.sign_in("claire")
    pasted = "key,tags\nnew.example,\nown.example,mine\njres.org,\n"
    answer = paste(client, pasted, tags="Customer-7", existing="merge")
    assert "tagged customer-7" in text(answer)
    save(client, answer)
    assert words("new.example", "own.example", "jres.org") == ["customer-7", "mine", "paris"]
    save(client, paste(client, "plain.example\n", tags="Customer-7"))
    assert words("plain.example") == ["customer-7"]
    assert paste(client, "other.example\n", tags="<x>").status_code == 422


def test_an_undone_delete_has_its_tags_again(site: Site) -> None:
    tag(site, "paris", "jres.org")
    row, client = named("jres.org"), site.sign_in("claire")
    delete_object(identity=row.pk, version=row.version, by=site.people["claire"])
    assert not TaggedObject.objects.exists()
    assert do(client, ask(client, "undo", all="yes", state="removed")).status_code == 302
    assert words("jres.org") == ["paris"]


def test_who_writes_without_a_word_of_tags_keeps_them_and_a_new_kind_takes_them_along(
    site: Site,
) -> None:
    tag(site, "paris", "jres.org")
    row = named("jres.org")
    save_object(
        identity=row.pk,
        version=row.version,
        server=row.server,
        kind=ObjectKind.LOCAL_HOST,
        key=row.key,
        by=site.people["claire"],
    )
    assert words("jres.org") == ["paris"]
    assert words_on(ObjectKind.LOCAL_HOST) == ("paris",) and not words_on(ObjectKind.VIRTUAL_DOMAIN)


def test_two_who_tag_at_once_choose_between_both(site: Site) -> None:
    client, row = site.sign_in("claire"), named("jres.org")
    form = sent(row, tags="mine")
    tag(site, "theirs", "jres.org", who="luc")
    answer = client.post("/domains/jres.org/edit/", form)
    assert answer.status_code == 409
    field = next(item for item in answer.context["fields"] if item.label == "Tags")
    assert (field.theirs, field.yours, field.before, field.name) == ("theirs", "mine", "", "tags")


def test_relays_and_mail_hosts_have_tags_too(site: Site) -> None:
    client, anne = site.sign_in("claire"), site.sign_in("anne")
    relay, host = RelayTarget.objects.get(name="smtp1"), site.host
    shared = {"note": "", "tags": "Paris x"}
    client.post(
        "/relays/smtp1/edit/",
        {"identity": relay.pk, "version": relay.version, "name": "smtp1", "port": "25"}
        | {"hosts": "smtp1.renater.fr"}
        | shared,
    )
    anne.post(
        "/mail-hosts/listes/edit/",
        {"identity": host.pk, "version": host.version, "name": "listes", "kind": host.kind}
        | {"position": "0", "site_m4": ""}
        | shared,
    )
    relay.refresh_from_db()
    assert (relay.tags, MailHost.objects.get(name="listes").tags) == ("paris x", "paris x")
    assert pending_edits() == ()
    for place, name in (("/relays/", "smtp1"), ("/mail-hosts/", "listes")):
        assert name in text(client.get(f"{place}?tag=x+paris"))
        assert "Nothing fits these filters" in text(client.get(f"{place}?tag=x+pari"))
        assert client.get(f"{place}?tag=x").context["list"].tags == (
            ("paris", f"{place}?tag=x+paris"),
        )
        assert f'{place}?tag=paris"' in text(client.get(f"{place}{name}/"))


def test_the_words_of_a_list_are_one_query_however_many_there_are(site: Site) -> None:
    for n, key in enumerate(LIVE):
        tag(site, f"shared {' '.join(f'w{n}{letter}' for letter in 'abcdefg')}", key)
    with CaptureQueriesContext(connection) as asked:
        found = words_on(ObjectKind.VIRTUAL_DOMAIN)
    assert len(asked) == 1
    assert found == ("shared", *(f"w{n}{letter}" for n in range(3) for letter in "abcdefg"))
    assert list_objects(ObjectKind.ROUTE, Asked(place="/routes/")).words == ()
