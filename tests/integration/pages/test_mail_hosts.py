"""Pages of mail hosts: what waits in the kept area, and what a browser sends."""

from __future__ import annotations

from routing.models import ConfigPush, HostState, MailHost
from spools.core.kept import KeptMessage
from tests.fixtures.audited import unaudited
from tests.integration.pages import world
from tests.integration.pages.conftest import Site, form_of, text

KEPT = KeptMessage(
    id="1795412371.403610-9253",
    at=1795412371.4,
    ended="exit 78",
    sender="",
    recipients=("all@jres.org",),
    recipients_total=1,
    message_id="<24165@renater.fr>",
)


def test_a_kept_message_is_shown_on_every_page_and_by_its_host(site: Site) -> None:
    with unaudited():
        HostState.objects.filter(host=site.host).update(kept=[KEPT.to_json()], kept_total=3)
    client = site.sign_in("vera")

    assert "3 messages wait in the kept area of listes" in text(client.get("/domains/"))
    page = text(client.get("/mail-hosts/listes/"))
    assert "&lt;24165@renater.fr&gt;" in page and "all@jres.org" in page
    assert "exit 78: the configuration is wrong" in page
    assert "and 2 more on the host" in page


def test_the_sites_own_m4_is_saved_as_browsers_send_it(site: Site) -> None:
    client, action = site.sign_in("anne"), "/mail-hosts/listes/edit/"
    sent = form_of(client.get(action), action) | {"kind": "list_server", "note": "a\r\nb"}
    lines = "dnl of this site\r\ndefine(`confTO_CONNECT', `2m')\r\n"

    assert client.post(action, sent | {"site_m4": lines}).status_code == 302
    host = MailHost.objects.get(name="listes")
    assert "\r" not in host.site_m4 + host.note
    assert host.site_m4.splitlines() == lines.splitlines()


def test_a_mail_host_is_named_once_and_its_place_is_a_number(site: Site) -> None:
    client = site.sign_in("anne")
    sent = form_of(client.get("/mail-hosts/add/"), "/mail-hosts/add/")
    sent |= {"name": "listes", "kind": "list_server", "position": "0"}
    answer = client.post("/mail-hosts/add/", sent)
    assert answer.status_code == 422
    assert "There is a mail host listes already. Choose another name." in text(answer)
    answer = client.post("/mail-hosts/add/", sent | {"position": "-1"})
    assert "Write a whole number; 0 is the first place." in text(answer)


def test_who_would_propose_over_an_edit_by_hand_reads_it_before_trying(site: Site) -> None:
    world.add_domain(site.host, "conf.renater.fr", site.people["claire"])
    live = HostState.objects.get(host=site.host).live or ""
    world.seen(site.host, live=live, drift=[{"file": "mailertable", "text": "was edited"}])

    page = site.sign_in("claire").get("/pushes/propose/")
    assert "Files of listes were edited by hand: mailertable." in text(page)
    assert page.context["look"].changes.total == 1


def test_a_turned_link_is_drift_on_each_page_and_offers_the_way_back(site: Site) -> None:
    wanted = HostState.objects.get(host=site.host).live or ""
    world.seen(site.host, live="")
    client = site.sign_in("claire")
    for address in ("/drift/", "/mail-hosts/listes/"):
        page = text(client.get(address))
        assert "current is gone: no release is live" in page
        assert f"release {wanted[:8]}" in page
        assert 'action="/mail-hosts/listes/put-back/"' in page
    assert "Drift</span>" in text(client.get("/mail-hosts/")).replace("\n", "")

    answer = client.post("/mail-hosts/listes/put-back/", {"reason": " "})
    assert (answer.status_code, ConfigPush.objects.filter(title__contains="back").count()) == (
        422,
        0,
    )
    answer = client.post("/mail-hosts/listes/put-back/", {"reason": "somebody removed it"})
    push = ConfigPush.objects.latest("pk")
    assert answer["Location"] == f"/pushes/{push.pk}/"
    assert (push.title, push.targets.get().base) == ("Put revision 1 of listes back", "")
    assert site.sign_in("vera").post("/mail-hosts/listes/put-back/", {}).status_code == 403


def test_from_a_live_release_that_nobody_proposed_the_record_comes_back(site: Site) -> None:
    world.seen(site.host, live="a" * 64, otherwise=["+ lost.example.org esmtp:[127.0.0.1]"])
    client = site.sign_in("claire")
    page = text(client.get("/drift/"))
    assert "No revision here made what runs" in page
    assert "+ lost.example.org esmtp:[127.0.0.1]" in page
    answer = client.post("/mail-hosts/listes/put-back/", {"reason": "restored"})
    push = ConfigPush.objects.latest("pk")
    assert answer["Location"] == f"/pushes/{push.pk}/"
    assert (push.targets.get().base, push.targets.get().base_revision) == ("a" * 64, None)


def test_what_was_touched_is_named_with_what_it_does_to_mail_and_the_way_back(site: Site) -> None:
    live = HostState.objects.get(host=site.host).live or ""
    gone = {
        "file": f"release {live[:8]}",
        "code": "gone",
        "text": "is gone",
        "since": "2026-11-02T01:30:00+00:00",
    }
    world.seen(site.host, live=live, drift=[gone])
    client = site.sign_in("claire")
    post = {"reason": "somebody removed it"}
    assert "is too old to say what it found" in text(
        client.post("/mail-hosts/listes/put-back/", post)
    )
    world.seen(site.host, live=live, drift=[gone], ground="b" * 64)
    for address in ("/drift/", "/mail-hosts/listes/"):
        page = text(client.get(address))
        assert f"release {live[:8]}</span> is gone" in page
        assert "first seen" in page
        assert "configuration of last resort" in page
        assert "Put revision 1 back…" in page
    client.post("/mail-hosts/listes/put-back/", post)
    target = ConfigPush.objects.latest("pk").targets.get()
    assert (target.base, target.ground) == (live, "b" * 64)
    assert target.damage == [{name: gone[name] for name in ("file", "code", "text")}]
    assert target.revision.digest != live


def test_the_drift_page_says_what_is_in_sync(site: Site) -> None:
    assert "In sync:" in text(site.sign_in("vera").get("/drift/"))
