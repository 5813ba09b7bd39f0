"""The form of a mail host."""

from __future__ import annotations

from django import forms

from routing.core.facts import HostKind
from routing.forms.fields import NameField, TextField, note_field


class HostForm(forms.Form):
    """What a person says of a mail host; everything else its agents observe."""

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
