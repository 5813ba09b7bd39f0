"""What a person says to begin a run."""

from __future__ import annotations

import re
from typing import Any, Self

from django import forms
from django.http import QueryDict

from spools.core.run_kind import RunKind
from spools.core.scope import Scope

BETWEEN = re.compile(r"[\s,;]+")


class ScopeForm(forms.Form):
    """Which messages; everything empty is all that wait."""

    domains = forms.CharField(
        label="Only to these domains",
        required=False,
        help_text="One a line; empty is all.",
        widget=forms.Textarea({"rows": 2, "class": "ma-mono", "spellcheck": "false"}),
    )
    excluded = forms.CharField(
        label="Nothing to these",
        required=False,
        help_text="A message with a recipient there waits whole.",
        widget=forms.Textarea({"rows": 2, "class": "ma-mono", "spellcheck": "false"}),
    )
    id = forms.CharField(required=False, widget=forms.HiddenInput)

    @classmethod
    def asked(cls, query: QueryDict) -> Self:
        """Of an address: each ticked row stands in it for itself.

        A ticked message is a `message`: a field named `id` would hide the id of its form.
        """
        given = {name: query.getlist(name) for name in ("domains", "excluded", "id")}
        given["id"] += query.getlist("message")
        return cls({name: " ".join(values) for name, values in given.items()})

    def scope(self) -> Scope:
        """As it was typed; `problems` of it says what is wrong."""
        given: dict[str, Any] = self.cleaned_data if self.is_valid() else {}
        return Scope.of(
            domains=BETWEEN.split(given.get("domains", "")),
            excluded=BETWEEN.split(given.get("excluded", "")),
            queue_ids=BETWEEN.split(given.get("id", "")),
        )


class StartForm(ScopeForm):
    """The scope as the page showed it, hidden, with the reason."""

    reason = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": "Say why: whoever reads the receipts wants to know."},
    )
    stop_when_well = forms.BooleanField(
        label="End it by itself when the relay is well again", required=False
    )

    def __init__(self, kind: RunKind, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if kind is RunKind.RETRY:
            # It goes by the relay: that this is well is no reason to end it.
            del self.fields["stop_when_well"]
        for name in ("domains", "excluded"):
            self.fields[name].widget = forms.HiddenInput()
