"""No page of the site is left out of the looks: each name of an address is in the catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from tests.e2e.look.catalogue import NO_PAGE, PAGES


def test_every_name_of_an_address_is_in_the_catalogue_or_says_why_it_is_no_page() -> None:
    known = {page.route for page in PAGES} - {""} | set(NO_PAGE)
    missing = sorted(set(_names(get_resolver().url_patterns)) - known)
    assert not missing, (
        "tests/e2e/look/catalogue.py has no line for these addresses. A page gets one in PAGES, "
        f"anything else a reason in NO_PAGE: {missing}"
    )


def test_the_catalogue_names_no_address_that_is_gone() -> None:
    there = set(_names(get_resolver().url_patterns))
    assert sorted({page.route for page in PAGES} - {""} - there) == []
    assert sorted(set(NO_PAGE) - there) == []


def test_no_address_is_a_page_and_none() -> None:
    assert sorted({page.route for page in PAGES} & set(NO_PAGE)) == []


def test_every_line_has_a_name_of_its_own_for_its_pictures() -> None:
    assert [name for name, times in Counter(p.label for p in PAGES).items() if times > 1] == []


def _names(patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _names(pattern.url_patterns)
        else:
            yield pattern.name or f"(no name) {pattern.pattern}"
