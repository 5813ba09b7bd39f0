"""The forms of a step of retiring a domain, and of many."""

from __future__ import annotations

from typing import Any

from django import forms

from routing.core.retirement import REASONS, RetireStep, check_words, refusal
from routing.forms.fields import TextField, by_core
from routing.services.bulk_retirement import Planned

WHY = "Why, or what is still to be done"


def status_field() -> forms.ChoiceField:
    """Which enhanced status code refuses mail."""
    return forms.ChoiceField(
        label="Senders are told that",
        choices=[(code, f"{words} ({code})") for code, words in REASONS.items()],
    )


def words_field() -> forms.CharField:
    """The words beside it."""
    return forms.CharField(
        label="in these words",
        validators=[by_core(check_words)],
        widget=forms.TextInput({"autocomplete": "off"}),
        help_text="English is understood best. For example: This domain has moved to example.org",
        error_messages={"required": "Nothing is written here. Say in a few words why."},
    )


def next_on_field() -> forms.DateField:
    """The day to be reminded of the step after this one."""
    return forms.DateField(
        label="Remind of the next step on",
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text="From that day on it stands in “needs you” on the overview. Nothing happens by"
        " itself.",
        error_messages={"invalid": "Write a day as 2027-01-31, or leave it empty."},
    )


class RetireForm(forms.Form):
    """Which step, for what the page showed: `version` is that of the object, 0 for a deleted one,
    `seen` that of its retirement, 0 for none. Status and words are asked where mail is refused."""

    identity = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    to = forms.TypedChoiceField(
        choices=[(step.value, step.value) for step in RetireStep],
        coerce=RetireStep,
        widget=forms.HiddenInput,
    )
    status = status_field()
    words = words_field()
    next_on = next_on_field()
    note = TextField(label=WHY, max_length=2000, rows=2)

    def __init__(self, *args: Any, to: RetireStep, **options: Any) -> None:
        super().__init__(*args, **options)
        if to is not RetireStep.REJECTING:
            del self.fields["status"], self.fields["words"]
        if to in (RetireStep.MANAGED, RetireStep.GONE):
            del self.fields["next_on"]

    def text(self) -> str:
        """What stands after `error:`, "" where no mail is refused."""
        given = self.cleaned_data
        return refusal(given["status"], given["words"]) if "words" in given else ""


class StepForm(forms.Form):
    """A step of many domains, of which nothing but a note is asked."""

    note = TextField(
        label=WHY, max_length=2000, rows=2, help_text="Left empty, earlier notes stay."
    )

    @property
    def given(self) -> dict[str, Any]:
        """What the step is told."""
        sent = self.cleaned_data
        return {
            "planned": Planned(
                text=refusal(sent["status"], sent["words"]) if "words" in sent else "",
                next_on=sent.get("next_on"),
                note=sent["note"].strip(),
            )
        }


class DrainForm(StepForm):
    """A step after which there is another one."""

    next_on = next_on_field()
    field_order: tuple[str, ...] = ("next_on", "note")


class RejectForm(DrainForm):
    """The step that refuses mail, with the words for all of them."""

    status = status_field()
    words = words_field()
    field_order = ("status", "words", "next_on", "note")
