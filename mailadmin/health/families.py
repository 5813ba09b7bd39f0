"""Metric families as values, and their text: Prometheus' text format, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
NO_LABELS: Mapping[str, str] = {}


class Kind(StrEnum):
    """What a family's figures are; a counter's name ends in `_total`."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure. `suffix` is `_bucket`, `_sum` or `_count` of a histogram, else ""."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """One name with its figures; one without any is told all the same, so that it can be found."""

    name: str
    text: str
    samples: tuple[Sample, ...] = ()
    kind: Kind = Kind.GAUGE


def gauge(name: str, text: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> Family:
    """A figure that goes up and down, by its labels."""
    return Family(name, text, tuple(Sample(value, labels) for labels, value in samples))


def counter(name: str, text: str, samples: Iterable[tuple[Mapping[str, str], float]]) -> Family:
    """A figure that only grows, by its labels."""
    made = tuple(Sample(value, labels) for labels, value in samples)
    return Family(name, text, made, Kind.COUNTER)


def buckets(
    labels: Mapping[str, str], edges: Sequence[float], counts: Sequence[int]
) -> tuple[Sample, ...]:
    """The buckets of one histogram: `counts` has one more than `edges`, what is below each edge and
    at or above the one before. There is no sum: nobody adds ages up."""
    made, below = list[Sample](), 0
    for edge, count in zip([*edges, float("inf")], counts, strict=True):
        below += count
        made.append(Sample(below, {**labels, "le": _number(edge)}, "_bucket"))
    return (*made, Sample(below, labels, "_count"))


def text_of(families: Iterable[Family]) -> str:
    """All of them, each line ended."""
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {_escaped(family.text)}"
    yield f"# TYPE {family.name} {family.kind}"
    for sample in family.samples:
        labels = ",".join(f'{name}="{_quoted(value)}"' for name, value in sample.labels.items())
        braced = f"{{{labels}}}" if labels else ""
        yield f"{family.name}{sample.suffix}{braced} {_number(sample.value)}"


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")
