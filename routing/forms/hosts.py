"""The form of a mail host."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from routing.core.facts import HostKind
from routing.forms.fields import NameField, TextField, note_field, tags_field
from routing.forms.objects import VersionForm


class HostForm(forms.Form):
    """What a person says of a mail host; everything else its agents observe."""

    identity = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    name = NameField(check=None, label="Name", help_text="A short name, for example listes.")
    kind = forms.TypedChoiceField(
        label="Kind",
        choices=[(kind.value, kind.value.replace("_", " ").capitalize()) for kind in HostKind],
        coerce=HostKind,
    )
    position = forms.IntegerField(
        label="Place in the order of activation",
        min_value=0,
        help_text="The first is the canary.",
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value"), "Write a whole number; 0 is the first place."
        ),
    )
    site_m4 = TextField(
        label="The site's own m4",
        help_text="Goes into both configurations as local.m4. It is proved like everything else.",
        rows=4,
        css="ma-mono",
    )
    note = note_field()
    tags = tags_field()


class LeaveForm(VersionForm):
    """Retire or remove a mail host: its name typed once more, and why."""

    reason = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        error_messages={"required": "Say why, for whoever looks for it later."},
    )

    def __init__(self, *args: Any, name: str, asks_why: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.name = name
        look = {"class": "ma-mono", "autocomplete": "off", "spellcheck": "false"}
        self.fields["typed"] = forms.CharField(
            label=f"Type {name}",
            error_messages={"required": f"Type {name}, so that no other host is meant."},
            max_length=60,
            widget=forms.TextInput(look),
        )
        if not asks_why:
            del self.fields["reason"]

    def clean_typed(self) -> str:
        """Raises ValidationError unless it is the name of this host."""
        typed = str(self.cleaned_data["typed"]).strip()
        if typed != self.name:
            raise ValidationError(f"Type {self.name}, so that no other host is meant.")
        return typed
