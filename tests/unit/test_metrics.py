"""Families as Prometheus reads them, and the figures that documents and alert rules name."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry

from mailadmin.health.families import counter, gauge, histogram

CHECKOUT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"mailadmin_[a-z_]+")
SOURCES = ("mailadmin/health/metrics.py", "routing/queries/metrics.py", "spools/queries/metrics.py")


def read_back(family: Metric) -> list[tuple[str, dict[str, str], float]]:
    """What Prometheus' own reader makes of the text."""

    class One(Collector):
        def collect(self) -> list[Metric]:
            return [family]

    registry = CollectorRegistry(auto_describe=False)
    registry.register(One())
    (found,) = text_string_to_metric_families(generate_latest(registry).decode())
    assert found.documentation == family.documentation
    assert found.type == family.type
    return [(sample.name, sample.labels, sample.value) for sample in found.samples]


def test_a_figure_keeps_its_labels_whatever_is_in_them() -> None:
    labels = {"host": 'x"y\\z\n'}
    assert read_back(gauge("a_b", "What\nit \\ is", [(labels, 2), ({}, 0.25)])) == [
        ("a_b", labels, 2),
        ("a_b", {}, 0.25),
    ]


def test_a_family_without_figures_is_told_all_the_same() -> None:
    assert read_back(gauge("a_b", "None", [])) == []


def test_a_counter_keeps_its_name() -> None:
    assert read_back(counter("a_total", "Ends", [({"to": "x"}, 3)])) == [
        ("a_total", {"to": "x"}, 3)
    ]


def test_the_buckets_of_a_histogram_add_up() -> None:
    ages = histogram("age_seconds", "Ages", [300, 600], ["host"], [(["x"], [4, 0, 2])])
    assert read_back(ages) == [
        ("age_seconds_bucket", {"host": "x", "le": "300.0"}, 4),
        ("age_seconds_bucket", {"host": "x", "le": "600.0"}, 4),
        ("age_seconds_bucket", {"host": "x", "le": "+Inf"}, 6),
    ]


def in_code() -> set[str]:
    """Every name of a figure in the sources; a moment's is completed by a function."""
    texts = [(CHECKOUT / file).read_text() for file in SOURCES]
    names = re.findall(r'"(mailadmin_[a-z_]+)"', "".join(texts))
    whole = documented()
    return {next((w for w in whole if w == f"{n}_timestamp_seconds"), n) for n in names}


def documented() -> set[str]:
    page = (CHECKOUT / "docs/health.md").read_text()
    return set(re.findall(r"^\| `(mailadmin_[a-z_]+)`", page, re.M))


def test_each_figure_is_documented() -> None:
    assert len(documented()) > 8
    assert documented() == in_code()


def test_alert_rules_name_figures_that_exist() -> None:
    rules = (CHECKOUT / "deploy/control/samples/alerts.yml").read_text()
    asked = {n for expr in re.findall(r"expr: (.*)", rules) for n in NAME.findall(expr)}
    assert len(asked) > 5
    assert asked <= in_code() | {f"{name}_bucket" for name in in_code()}
