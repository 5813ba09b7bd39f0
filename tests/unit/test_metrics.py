"""The text of metrics, and the figures that documents and alert rules name."""

from __future__ import annotations

import re
from pathlib import Path

from mailadmin.health.families import Family, Kind, buckets, counter, gauge, text_of

CHECKOUT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"mailadmin_[a-z_]+")
SOURCES = ("mailadmin/health/metrics.py", "routing/queries/metrics.py", "spools/queries/metrics.py")


def test_a_family_is_told_with_its_labels() -> None:
    told = text_of([gauge("a_b", "What\nit \\ is", [({"host": 'x"y\\z\n'}, 2), ({}, 0.25)])])
    assert told == (
        '# HELP a_b What\\nit \\\\ is\n# TYPE a_b gauge\na_b{host="x\\"y\\\\z\\n"} 2\na_b 0.25\n'
    )


def test_a_family_without_figures_is_told_all_the_same() -> None:
    assert (
        text_of([counter("a_total", "None", [])]) == "# HELP a_total None\n# TYPE a_total counter\n"
    )


def test_the_buckets_of_a_histogram_add_up() -> None:
    family = Family(
        "age_seconds", "Ages", buckets({"host": "x"}, [300, 600], [4, 0, 2]), Kind.HISTOGRAM
    )
    assert text_of([family]).splitlines()[1:] == [
        "# TYPE age_seconds histogram",
        'age_seconds_bucket{host="x",le="300"} 4',
        'age_seconds_bucket{host="x",le="600"} 4',
        'age_seconds_bucket{host="x",le="+Inf"} 6',
        'age_seconds_count{host="x"} 6',
    ]


def in_code() -> set[str]:
    """Every name of a figure in the sources; a moment's is completed by a function."""
    texts = [(CHECKOUT / file).read_text() for file in SOURCES if (CHECKOUT / file).exists()]
    names = re.findall(r'"(mailadmin_[a-z_]+)"', "".join(texts))
    whole = set(re.findall(r"^\| `(mailadmin_[a-z_]+)`", page(), re.M))
    return {next((w for w in whole if w == f"{n}_timestamp_seconds"), n) for n in names}


def page() -> str:
    return (CHECKOUT / "docs/health.md").read_text()


def test_each_figure_is_documented() -> None:
    documented = set(re.findall(r"^\| `(mailadmin_[a-z_]+)`", page(), re.M))
    assert len(documented) > 8
    assert documented == in_code()


def test_alert_rules_name_figures_that_exist() -> None:
    rules = (CHECKOUT / "deploy/control/samples/alerts.yml").read_text()
    asked = {n for expr in re.findall(r"expr: (.*)", rules) for n in NAME.findall(expr)}
    assert len(asked) > 5
    assert asked <= in_code() | {f"{name}_bucket" for name in in_code()}
