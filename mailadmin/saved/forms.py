"""The form of a saved filter."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError

from mailadmin.saved.models import NAME_LENGTH


class FilterForm(forms.Form):
    """A name, and whether everybody is offered it. `identity` is made when the page is; `was` is
    what a page of a saved one showed."""

    identity = forms.UUIDField(widget=forms.HiddenInput)
    was = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
    name = forms.CharField(
        label="Name",
        max_length=NAME_LENGTH,
        error_messages={"required": "Nothing is written here. Write a name."},
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    shared = forms.BooleanField(
        label="Offer it to everybody",
        required=False,
        help_text="Otherwise only you see it.",
    )

    def tell(self, error: ValidationError) -> None:
        """Put what the service found beside the fields that it is about."""
        for name, faults in error.error_dict.items():
            for fault in faults:
                self.add_error(name if name in self.fields else None, fault)
