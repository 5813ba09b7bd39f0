"""Draws the states of a relay from their table, so that the document cannot lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields

from routing.core.draw import diagram
from spools.core.health import DEFAULT, TABLE, RelayState, Thresholds, words_of

MEANINGS: Mapping[RelayState, str] = {
    RelayState.UNKNOWN: "nobody has probed it lately, or the name server of the list server is"
    " silent: nothing is said and nothing is done",
    RelayState.HEALTHY: "it takes a recipient",
    RelayState.SUSPECT: "something was wrong, and it is too early to act on it",
    RelayState.OVERLOADED: "it answers, and says *later*, is slow, or fails now and then; its own"
    " receivers may be why",
    RelayState.DOWN: "it does not take mail: no connection, no SMTP, or a refusal for good",
    RelayState.RECOVERING: "it takes recipients again and has to go on doing so",
    RelayState.MAINTENANCE: "a person has said that it is worked on; probes count for nothing",
}
THRESHOLDS: Mapping[str, str] = {
    "down_after": "failures in a row that make it down …",
    "down_s": "… when they lie over so many seconds",
    "overloaded_after": "probes in a row, not good and one of them busy, that make it overloaded",
    "window": "how many of the last probes are looked at together",
    "window_bad": "so many of them that are not good make it overloaded",
    "window_answers": "so many of them that were answered are no outage",
    "calm_bad": "so many of them may be bad in a healthy one",
    "turn_after": "good ones in a row that turn it",
    "clear_after": "good ones in a row that clear a recovering one; doubled after each relapse …",
    "clear_most": "… up to so many",
    "relapse_s": "an outage within so many seconds of a recovery is a relapse",
    "slow_ms": "a probe that takes longer (ms) counts as busy",
    "deferred_permille": "so many in a thousand that it put off count as busy …",
    "deferred_least": "… where the spool has at least so many that were put off",
    "stale_s": "an older probe decides nothing (seconds)",
}


def draw_health(rules: Thresholds = DEFAULT) -> str:
    """The whole page: the diagram, what each state means, the rules, the figures."""
    return "\n".join(
        [
            "# Relay health\n",
            "Drawn from `spools/core/health.py` by `manage.py draw_health`; a test compares them."
            " What uses it: [fallback.md](fallback.md).\n",
            *diagram(TABLE, RelayState.UNKNOWN),
            "| state | means |",
            "|---|---|",
            *(f"| {state} | {MEANINGS[state]} |" for state in RelayState),
            "\n## What moves it\n",
            "A probe is *good* when RCPT was taken (or only that address refused), *busy* when the"
            " relay said *later* (4xx), was slow or puts off what the spool holds for it, else"
            " *failed*. Where the name could not be asked for, it counts for nothing.\n",
            "It puts off what the spool holds when, of the listed messages that go by it and were"
            " tried within `stale_s`, together with all that left the spool in that time, it"
            " answered so many with *later*. Nothing is said of that for `stale_s` after a run by"
            " fallback, whose tries others answered, nor while the scan is old"
            " (`spools/queries/deferrals.py`).\n",
            "| from | to | when |",
            "|---|---|---|",
            *_rules(rules),
            "\n## Figures\n",
            "| threshold | default | is |",
            "|---|---|---|",
            *(
                f"| `{field.name}` | {getattr(rules, field.name)} | {THRESHOLDS[field.name]} |"
                for field in fields(rules)
            ),
            "",
        ]
    )


def _rules(rules: Thresholds) -> Iterable[str]:
    for state, follow in TABLE.items():
        yield from (
            f"| {state} | {to} | {words_of(follow[to], rules)} |"
            for to in RelayState
            if to in follow
        )
