"""The form of a fallback policy."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from spools.core.health import RelayState
from spools.core.policy import MAY_FIRE, Mode, Policy
from spools.services.policies import domains_of

MODES = {
    Mode.OFF: "Off: mail waits for the relay, however long",
    Mode.ASK: "Ask: a person confirms each run",
    Mode.AUTOMATIC: "Automatic: a run starts by itself",
}


class PolicyForm(forms.Form):
    """Times are in minutes here and in seconds elsewhere."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    mode = forms.TypedChoiceField(
        choices=[(mode.value, words) for mode, words in MODES.items()],
        coerce=Mode,
        label="When the conditions hold",
    )
    fires = forms.TypedMultipleChoiceField(
        choices=[(state.value, state.value.capitalize()) for state in MAY_FIRE],
        coerce=RelayState,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label="States of the relay that fire it",
        help_text="An overloaded relay may be slow because its receivers throttle it.",
    )
    age = forms.IntegerField(
        min_value=settings.FALLBACK_LEAST_MINUTES,
        max_value=1440,
        label="Least age of the oldest message, in minutes",
    )
    depth = forms.IntegerField(min_value=1, label="Least number of messages that wait")
    excluded = forms.CharField(
        required=False,
        widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
        label="Domains that never go past the relay",
        help_text="One a line. Mail for them waits for the relay.",
    )
    pause = forms.IntegerField(
        min_value=0, max_value=1440, label="Least time between two runs, in minutes"
    )
    most_runs = forms.IntegerField(min_value=1, max_value=100, label="Most runs in 24 hours")
    reason = forms.CharField(
        max_length=500, widget=forms.Textarea({"rows": 2}), label="Why it is changed"
    )

    @staticmethod
    def values(policy: Policy, version: int) -> dict[str, Any]:
        """What the form shows of a policy."""
        return {
            "version": version,
            "mode": policy.mode.value,
            "fires": [state.value for state in MAY_FIRE if state in policy.fires],
            "age": policy.age_s // 60,
            "depth": policy.depth,
            "excluded": "\n".join(policy.excluded),
            "pause": policy.pause_s // 60,
            "most_runs": policy.most_runs,
        }

    @property
    def policy(self) -> Policy:
        """What was filled in; only of a valid form."""
        given = self.cleaned_data
        return Policy(
            mode=given["mode"],
            fires=frozenset(given["fires"]),
            age_s=given["age"] * 60,
            depth=given["depth"],
            excluded=domains_of(given["excluded"]),
            pause_s=given["pause"] * 60,
            most_runs=given["most_runs"],
        )
