"""Every sample page is rendered: what the strict CSP and readers need holds in the HTML itself."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory

from mailadmin.people.models import Person
from mailadmin.people.roles import PersonRole
from mailadmin.ui import badges, samples
from mailadmin.ui.forms import SampleForm

ROOT = Path(__file__).parents[3]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


class Seen(HTMLParser):
    """Collects what the tests ask about."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def _person() -> Person:
    person = Person(username="paul", full_name="Paul Leroy")
    person.__dict__["role_set"] = frozenset({PersonRole.APPROVER, PersonRole.ADMINISTRATOR})
    return person


def _html(name: str) -> str:
    request = RequestFactory().get("/design/")
    request.user = _person()
    if name == "design":
        context: dict[str, object] = {
            "families": badges.FAMILIES,
            "sample": samples.components(),
            "pages": [],
            "form": SampleForm(data={}),
        }
        return render_to_string("design/index.html", context, request)
    template, fed = samples.page_of(name)
    return render_to_string(template, dict(fed), request)


@pytest.fixture(autouse=True)
def quiet(settings: object) -> None:
    """The frame asks nobody what waits: a unit test has no database."""
    settings.UI_STANDING = ()  # type: ignore[attr-defined]  # pytest-django's settings are untyped
    settings.STORAGES = {  # type: ignore[attr-defined]
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(params=["design", *samples.PAGES])
def seen(request: pytest.FixtureRequest) -> Seen:
    parser = Seen()
    parser.feed(_html(request.param))
    return parser


def test_nothing_is_inline_that_the_policy_forbids(seen: Seen) -> None:
    for tag, attributes in seen.tags:
        assert tag != "style"
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith(("on", "hx-on"))]
        assert not (attributes.get("hx-vals") or "").startswith(("js:", "javascript:"))
        if tag == "script":
            assert attributes.get("src") or attributes.get("type") == "application/json"


def test_every_id_stands_once(seen: Seen) -> None:
    ids = Counter(str(attributes["id"]) for _, attributes in seen.tags if "id" in attributes)
    assert [name for name, times in ids.items() if times > 1] == []


def test_every_description_points_at_something(seen: Seen) -> None:
    ids = {attributes.get("id") for _, attributes in seen.tags}
    for tag, attributes in seen.tags:
        named = (attributes.get("aria-describedby") or "").split()
        named += (attributes.get("aria-labelledby") or "").split()
        assert set(named) <= ids, tag


def test_there_is_one_heading_of_the_first_level(seen: Seen) -> None:
    assert [tag for tag, _ in seen.tags].count("h1") == 1


def test_every_form_that_writes_carries_the_token(seen: Seen) -> None:
    posts = [a for tag, a in seen.tags if tag == "form" and a.get("method") == "post"]
    tokens = [a for tag, a in seen.tags if a.get("name") == "csrfmiddlewaretoken"]
    assert len(tokens) == len(posts)


def test_a_disabled_button_says_why(seen: Seen) -> None:
    for _, attributes in seen.tags:
        if attributes.get("aria-disabled") == "true":
            assert attributes.get("aria-describedby")


def test_text_of_others_is_escaped() -> None:
    text = "<script>alert(1)</script>"
    html = render_to_string("components/value.html", {"text": text, "tint": "ins"})
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_classes_are_ours_or_one_of_the_few_that_tabler_lends(path: Path) -> None:
    lent = re.compile(
        r"^(btn|btn-primary|btn-danger|btn-outline-danger|form-(control|select|check-input))$"
    )
    text = re.sub(r"{%.*?%}|{{.*?}}", " ", path.read_text(), flags=re.S)
    used = {word for value in re.findall(r'class="([^"]*)"', text) for word in value.split()}
    strange = {word for word in used if not word.startswith("ma-") and not lent.match(word)}
    assert strange == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_class_of_ours_has_a_rule_or_is_a_known_kind(path: Path) -> None:
    css = "".join(file.read_text() for file in (ROOT / "static/ma").glob("*.css"))
    text = re.sub(r"{%.*?%}", " ", path.read_text(), flags=re.S)
    used = {word for value in re.findall(r'class="([^"]*)"', text) for word in value.split()}
    whole = {word for word in used if re.fullmatch(r"ma-[a-z0-9-]*[a-z0-9]", word)}
    assert {word for word in whole if f".{word}" not in css} == set()
