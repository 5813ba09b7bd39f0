"""A form for the design page: every kind of control, with and without errors."""

from __future__ import annotations

from django import forms


class SampleForm(forms.Form):
    """Never saved: the design page shows it."""

    name = forms.CharField(label="Domain", help_text="Punycode or Unicode; lower case is enough.")
    server = forms.ChoiceField(label="List server", choices=[("listes", "listes")])
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    enabled = forms.BooleanField(label="Mail for it is accepted", required=False)
