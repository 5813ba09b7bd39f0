"""The filter bar of the audit page."""

from __future__ import annotations

from django import forms

from mailadmin.audit.queries import AuditFilter


class AuditFilterForm(forms.Form):
    """A GET form: the address is the whole state of the page."""

    text = forms.CharField(required=False, max_length=255, label="Object or note")
    actor = forms.CharField(required=False, max_length=60, label="Person")
    action = forms.CharField(required=False, max_length=60, label="Action")
    object = forms.UUIDField(required=False, widget=forms.HiddenInput)
    push = forms.IntegerField(
        required=False,
        min_value=1,
        label="Push",
        widget=forms.TextInput(
            {
                "inputmode": "numeric",
                "size": "6",
                "autocomplete": "off",
                "placeholder": "Push no.",
                "aria-label": "Number of a push",
            }
        ),
    )
    since = forms.DateField(required=False, label="From", widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput({"type": "date"}))
    before = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)

    def asked(self) -> AuditFilter:
        """The filter of a valid form; fields that cannot be read filter nothing."""
        self.is_valid()
        given = self.cleaned_data
        return AuditFilter(
            text=given.get("text") or "",
            actor=given.get("actor") or "",
            action=given.get("action") or "",
            object_id=given.get("object"),
            push=given.get("push"),
            since=given.get("since"),
            until=given.get("until"),
            before=given.get("before") or 0,
        )
