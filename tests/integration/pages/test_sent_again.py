"""Back, changed, and sent again: the form of a new object whose object is there already."""

from __future__ import annotations

from uuid import uuid4

from routing.models import RelayTarget, VirtualDomain
from tests.integration.pages.conftest import Site, text


def test_a_new_domain_sent_again_with_another_note_asks_which_one_counts(site: Site) -> None:
    client = site.sign_in("claire")
    form = {"identity": str(uuid4()), "version": "0", "server": "listes", "key": "a.example"}
    assert client.post("/domains/add/", form | {"note": "first"}).status_code == 302
    answer = client.post("/domains/add/", form | {"note": "second"})

    assert answer.status_code == 409
    assert "second" in text(answer) and "first" in text(answer)
    assert VirtualDomain.objects.get(key="a.example").note == "first"

    chosen = client.post("/domains/add/", dict(answer.context["again"]))
    assert chosen.status_code == 302
    assert VirtualDomain.objects.get(key="a.example").note == "second"


def test_a_new_relay_sent_again_with_another_port_asks_which_one_counts(site: Site) -> None:
    client = site.sign_in("claire")
    form = {"identity": str(uuid4()), "version": "0", "name": "smtp9", "hosts": "smtp9.renater.fr"}
    assert client.post("/relays/add/", form | {"port": "25"}).status_code == 302
    answer = client.post("/relays/add/", form | {"port": "587"})

    assert answer.status_code == 409
    assert RelayTarget.objects.get(name="smtp9").port == 25

    assert client.post("/relays/add/", dict(answer.context["again"])).status_code == 302
    assert RelayTarget.objects.get(name="smtp9").port == 587
