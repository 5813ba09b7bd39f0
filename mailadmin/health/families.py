"""Metric families from rows, for `mailadmin.health.metrics`: samples by their labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client.core import HistogramMetricFamily, Metric

Labels = Mapping[str, str]
NO_LABELS: Labels = {}


def gauge(name: str, text: str, samples: Iterable[tuple[Labels, float]]) -> Metric:
    """A figure that goes up and down, by its labels."""
    family = Metric(name, text, "gauge")
    for labels, value in samples:
        family.add_sample(name, dict(labels), value)
    return family


def counter(name: str, text: str, samples: Iterable[tuple[Labels, float]]) -> Metric:
    """A figure that only grows, by its labels; `name` ends in `_total`."""
    family = Metric(name.removesuffix("_total"), text, "counter")
    for labels, value in samples:
        family.add_sample(name, dict(labels), value)
    return family


def histogram(
    name: str,
    text: str,
    edges: Sequence[float],
    labels: Sequence[str],
    samples: Iterable[tuple[Sequence[str], Sequence[int]]],
) -> Metric:
    """Buckets by the values of `labels`. Counts have one more than `edges`: what is below each edge
    and at or above the one before. There is no sum: nobody adds ages up."""
    family = HistogramMetricFamily(name, text, labels=labels)
    uppers = [*(str(float(edge)) for edge in edges), "+Inf"]
    for values, counts in samples:
        below = [sum(counts[: at + 1]) for at in range(len(counts))]
        family.add_metric(values, list(zip(uppers, below, strict=True)), sum_value=None)
    return family
