"""Forms of config pushes."""

from __future__ import annotations

from django import forms


class ProposeForm(forms.Form):
    """The edits that were picked, and what the push says of itself."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    suggested = forms.CharField(required=False, max_length=120, widget=forms.HiddenInput)
    title = forms.CharField(
        max_length=120,
        label="Title",
        help_text="What it changes, as the approver will read it.",
        error_messages={"required": "Say in a few words what it changes."},
    )
    note = forms.CharField(
        required=False, max_length=2000, label="Note", widget=forms.Textarea({"rows": 2})
    )
    guard_reason = forms.CharField(
        required=False,
        max_length=500,
        label="Reason for what is unusual",
        widget=forms.Textarea({"rows": 2}),
    )


class VerdictForm(forms.Form):
    """What an approver sends: the digest that the page showed, "" before there is one."""

    digest = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    deploy = forms.BooleanField(required=False)
    reason = forms.CharField(required=False, max_length=500)


class RestoreForm(forms.Form):
    """Why an older revision comes back."""

    token = forms.UUIDField(required=False, widget=forms.HiddenInput)
    reason = forms.CharField(
        max_length=500, error_messages={"required": "Say why the older revision comes back."}
    )


class PutBackForm(RestoreForm):
    """Why, and whether the saved edits that are not live go along."""

    edits = forms.BooleanField(required=False)
