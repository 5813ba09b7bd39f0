"""The page that breaks the sandbox's mail servers: with ./run alone, audited."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pytest_django import Settings

from deploy.sandbox.sink import BEHAVIOURS
from mailadmin.audit.models import AuditEvent
from mailadmin.demo.stage import Behaviour
from tests.fixtures.sandbox import Sink, wait_until
from tests.integration.pages.conftest import Site, text
from tests.integration.sandbox.test_sink import said

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture
def stage(settings: Settings, scratch: Path, sink: Callable[..., Sink]) -> Sink:
    """A sandbox with a relay and nothing else."""
    sinks = scratch / "sinks"
    sinks.mkdir()
    relay = sink("relay", behaviour=sinks / "relay.behaviour")
    (sinks / "relay.jsonl").symlink_to(relay.record)
    settings.DEMO, settings.DEMO_PLACE = True, str(scratch)
    return relay


def hears(port: int, heard: str) -> bool:
    return said(port) == heard


def test_a_site_has_no_such_page(site: Site, settings: Settings, stage: Sink) -> None:
    addresses = ("/demonstration/", "/demonstration/set/", "/demonstration/send/")
    for demo, place in ((False, settings.DEMO_PLACE), (True, "")):
        settings.DEMO, settings.DEMO_PLACE = demo, place
        client = site.sign_in("otto")
        assert client.get(addresses[0]).status_code == 404
        form = {"sink": "relay", "behaviour": "refuses", "count": "5"}
        assert [client.post(path, form).status_code for path in addresses[1:]] == [404, 404]
        assert "Demonstration" not in text(client.get("/"))
    assert said(stage.port) == "220"
    assert not AuditEvent.objects.filter(action__startswith="demo.").exists()


@pytest.mark.parametrize(
    ("given", "starts"),
    [
        ({"MAILADMIN_HTTPS": "false"}, True),
        ({}, False),
        ({"MAILADMIN_HTTPS": "false", "MAILADMIN_ALLOWED_HOSTS": "lists.example.org"}, False),
    ],
)
def test_a_site_that_others_reach_does_not_start_as_a_demonstration(
    given: dict[str, str], starts: bool
) -> None:
    environment = {"MAILADMIN_SECRET_KEY": "x", "MAILADMIN_DEMO": "true", **given}
    ran = subprocess.run(
        [sys.executable, "-c", "import mailadmin.settings"],
        capture_output=True,
        text=True,
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], **environment},
        check=False,
    )
    assert (ran.returncode == 0) is starts, ran.stderr
    assert starts or "Leave MAILADMIN_DEMO out" in ran.stderr


def test_an_operator_breaks_the_relay_and_mends_it(site: Site, stage: Sink) -> None:
    otto = site.sign_in("otto")
    assert "Takes everything" in text(otto.get("/demonstration/"))
    for word, heard, badge in (
        ("refuses", "refused", "Refuses connections"),
        ("silent", "silence", "Says nothing"),
        ("accepts", "220", "Takes everything"),
    ):
        answer = otto.post("/demonstration/set/", {"sink": "relay", "behaviour": word}, follow=True)
        assert answer.status_code == 200
        assert badge in text(answer)
        wait_until(partial(hears, stage.port, heard), f"{word}: {heard}")
    events = AuditEvent.objects.filter(action="demo.set").order_by("number")
    assert [(event.actor, event.subject, event.old, event.new) for event in events] == [
        ("otto", "relay", {"behaviour": "accepts"}, {"behaviour": "refuses"}),
        ("otto", "relay", {"behaviour": "refuses"}, {"behaviour": "silent"}),
        ("otto", "relay", {"behaviour": "silent"}, {"behaviour": "accepts"}),
    ]


def test_others_read_the_page_and_break_nothing(site: Site, stage: Sink) -> None:
    for name in ("vera", "claire", "paul", "anne"):
        client = site.sign_in(name)
        page = client.get("/demonstration/")
        assert "An operator may" in text(page)
        form = {"sink": "relay", "behaviour": "refuses", "count": "5"}
        assert client.post("/demonstration/set/", form).status_code == 403
        assert client.post("/demonstration/send/", form).status_code == 403
    assert said(stage.port) == "220"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("set", {"sink": "../relay", "behaviour": "refuses"}),
        ("set", {"sink": "relay", "behaviour": "explodes"}),
        ("set", {}),
        ("send", {"count": "0"}),
        ("send", {"count": "1001"}),
        ("send", {"count": "five"}),
    ],
)
def test_a_wrong_form_is_refused(site: Site, stage: Sink, path: str, form: dict[str, str]) -> None:
    assert site.sign_in("otto").post(f"/demonstration/{path}/", form).status_code == 422
    assert not AuditEvent.objects.filter(action__startswith="demo.").exists()


def test_what_cannot_be_done_is_not_recorded(site: Site, stage: Sink) -> None:
    """The place of the sandbox is gone: the act fails, and so does its event."""
    for file in stage.record.parent.joinpath("sinks").iterdir():
        file.unlink()
    stage.record.parent.joinpath("sinks").rmdir()
    with pytest.raises(OSError, match="relay"):
        form = {"sink": "relay", "behaviour": "refuses"}
        site.sign_in("otto").post("/demonstration/set/", form)
    assert not AuditEvent.objects.filter(action="demo.set").exists()


def test_the_poll_answers_when_something_changed(site: Site, stage: Sink, scratch: Path) -> None:
    client = site.sign_in("vera")
    asks = {"HX-Request": "true"}
    seen = client.get("/demonstration/").context["version"]
    assert client.get(f"/demonstration/?seen={seen}", headers=asks).status_code == 204
    (scratch / "demo").mkdir()
    progress = {"token": "abc", "asked": 20, "done": 5, "failed": 1, "ended": False}
    (scratch / "demo/submit.json").write_text(json.dumps(progress))
    moved = client.get(f"/demonstration/?seen={seen}", headers=asks)
    assert moved.status_code == 200
    assert "5 of 20 submitted, 1 not taken" in text(moved)
    assert "<html" not in text(moved)


def test_page_and_sink_know_the_same_words() -> None:
    assert {word.value for word in Behaviour} == set(BEHAVIOURS)
