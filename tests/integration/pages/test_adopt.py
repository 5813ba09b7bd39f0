"""Adopting a list server in the browser: read, judged, and only then written."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mailadmin.audit.services import SETUP
from mailadmin.people.roles import PersonRole
from mailadmin.people.services import set_roles
from routing.models import ConfigPush, MailHost, RoutingObject
from routing.queries.revisions import bundle_of
from routing.services.approve import approve
from routing.services.errors import NotAllowed
from tests.fixtures.audited import unaudited
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, text
from tests.unit.routing.test_adopt import CW, MC, SYMPA, TABLE

GIVEN = {
    "server": "forums",
    "mailertable": TABLE,
    "mc": MC,
    "class_w": next(iter(CW.values())),
    "sympa_conf": SYMPA["sympa.conf"],
    "robots": "jres.org\nconf.org\n",
    "relay_port": "25",
}


@pytest.fixture
def forums(site: Site) -> MailHost:
    """A list server that runs nothing of ours; it has another relay than listes."""
    del site
    return world.list_server("forums", position=1)


def clean(given: dict[str, str]) -> dict[str, str]:
    """Another relay than the one that listes has under this name."""
    return given | {"mc": given["mc"].replace("smtp1", "smtp9")}


def test_what_it_has_is_shown_with_every_finding_and_nothing_is_written(
    site: Site, forums: MailHost
) -> None:
    answer = site.sign_in("claire").post("/import/", GIVEN)
    assert answer.status_code == 200
    said = text(answer)
    assert "is a name of the host itself (class w, /etc/mail/local-host-names line 2)" in said
    assert "Everything else goes to [smtp1.renater.fr] by SMART_HOST" in said
    assert "Sympa serves conf.org" in said
    assert "Ours says otherwise, on purpose." in said
    assert "Import 6 lines as the first push" in said
    assert not RoutingObject.objects.filter(server=forums).exists()


def test_the_button_of_the_report_imports_what_was_read(site: Site, forums: MailHost) -> None:
    sent = clean(GIVEN) | {"step": "import", "keeps_options": "yes"}
    answer = site.sign_in("claire").post("/import/", sent, follow=True)
    push = ConfigPush.objects.latest("pk")
    assert answer.redirect_chain == [(f"/pushes/{push.pk}/", 302)]
    keys = set(RoutingObject.objects.filter(server=forums).values_list("key", flat=True))
    assert keys == {
        "jres.org",
        "host.renater.fr",
        "sympa.renater.fr",
        ".partner.org",
        "old.org",
        ".",
    }
    forums.refresh_from_db()
    assert forums.site_m4 == ""
    assert push.proposed_by_person == site.people["claire"]


def test_what_can_stay_is_written_by_who_may_write_it(site: Site, forums: MailHost) -> None:
    roles = {PersonRole.EDITOR, PersonRole.ADMINISTRATOR}
    set_roles(person=site.people["anne"], roles=roles, by=SETUP)
    sent = clean(GIVEN) | {"step": "import", "keeps_options": "yes"}
    assert site.sign_in("anne").post("/import/", sent).status_code == 302
    forums.refresh_from_db()
    assert "MASQUERADE_AS(`renater.fr')dnl" in forums.site_m4
    push = ConfigPush.objects.latest("pk")
    frozen = bundle_of(push.targets.get().revision)
    assert "MASQUERADE_AS(`renater.fr')dnl" in frozen.files["local.m4"]


def test_of_a_server_without_its_mc_the_cf_is_judged(site: Site, forums: MailHost) -> None:
    del forums
    given = GIVEN | {"mc": "", "cf": "O MaxHopCount=17\nDMrenater.fr\nFw/etc/mail/names\n"}
    said = unescape(text(site.sign_in("claire").post("/import/", given)))
    assert "MASQUERADE_AS(`renater.fr')dnl" in said and "define(`confMAX_HOP', `17')dnl" in said
    assert "is a name of the host itself (class w, /etc/mail/names line 2)" in said
    assert "Of the .cf only options, names and maps were looked at, not its rules." in said


def test_nobody_approves_an_adoption_of_their_own(site: Site, forums: MailHost) -> None:
    del forums
    sent = clean(GIVEN) | {"step": "import"}
    site.sign_in("luc").post("/import/", sent)
    push = ConfigPush.objects.latest("pk")
    world.prove(push)
    push.refresh_from_db()
    with pytest.raises(NotAllowed, match="You proposed it"):
        approve(push=push, digest=push.digest, deploy=False, by=site.people["luc"])


def test_an_error_in_the_table_is_shown_and_nothing_can_be_imported(
    site: Site, forums: MailHost
) -> None:
    given = GIVEN | {"mailertable": f"{TABLE}broken.org\t[10.0.0.1]\njres.org\tesmtp:[x]\n"}
    said = text(site.sign_in("claire").post("/import/", given))
    assert "names no mailer: sendmail passes over such a line" in said
    assert "jres.org is on line 2 already" in said
    assert "as the first push" not in said
    answer = site.sign_in("claire").post("/import/", given | {"step": "import"})
    assert answer.status_code == 422
    assert not RoutingObject.objects.filter(server=forums).exists()


def test_a_server_that_has_keys_is_not_adopted_again(site: Site) -> None:
    given = GIVEN | {"server": "listes", "step": "import"}
    answer = site.sign_in("claire").post("/import/", given)
    assert answer.status_code == 409
    assert "listes has a release already" in text(answer)


def test_files_may_be_uploaded_and_what_is_not_text_is_named(site: Site, forums: MailHost) -> None:
    del forums
    table = SimpleUploadedFile("mailertable", TABLE.replace("\n", "\r\n").encode())
    given = {"server": "forums", "relay_port": "25", "mailertable_file": table}
    assert "Import 5 lines" in text(site.sign_in("claire").post("/import/", given))
    bad = SimpleUploadedFile("sympa.mc", b"define(`x', `\xff')")
    answer = site.sign_in("claire").post("/import/", given | {"mc_file": bad})
    assert answer.status_code == 422
    assert "sympa.mc is not UTF-8 text at byte 13" in text(answer)


@pytest.mark.parametrize("given", [{}, {"server": "forums"}, {"server": "nowhere"}])
def test_a_form_that_is_not_whole_says_what_is_missing(
    site: Site, forums: MailHost, given: dict[str, str]
) -> None:
    del forums
    assert site.sign_in("claire").post("/import/", given).status_code == 422


def test_only_what_need_not_be_given_is_called_optional(site: Site, forums: MailHost) -> None:
    del forums
    page = text(site.sign_in("claire").get("/import/"))
    labels = re.findall(r"<label class=\"ma-label\" for=\"id_(\w+)\">([^\n]*?)</label>", page)
    optional = {name for name, label in labels if "(optional)" in label}
    assert {name for name, _ in labels} - optional == {"server", "mailertable", "relay_port"}
    assert optional == {"mc", "cf", "class_w", "sympa_conf", "robots", "access", "aliases"}


def test_a_viewer_is_told_who_could(site: Site) -> None:
    assert site.sign_in("vera").get("/import/").status_code == 403


def test_before_the_first_word_of_its_agent_nothing_can_be_judged(site: Site) -> None:
    host = world.list_server("forums", position=1)
    with unaudited():
        host.state.delete()
    answer = site.sign_in("claire").post("/import/", GIVEN)
    assert answer.status_code == 409
