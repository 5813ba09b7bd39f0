"""Forms about people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from mailadmin.people.models import Person
from mailadmin.people.roles import PersonRole


class RolesForm(forms.Form):
    """The roles that one person holds."""

    roles = forms.TypedMultipleChoiceField(
        choices=[(role.value, role.value.capitalize()) for role in PersonRole],
        coerce=PersonRole,
        widget=forms.CheckboxSelectMultiple,
        label="Roles",
        error_messages={"required": "Name at least one role: a person without one sees nothing."},
    )


class NewPersonForm(RolesForm):
    """A new account. It has no password until the person sets one."""

    full_name = forms.CharField(
        max_length=Person._meta.get_field("full_name").max_length,
        label="Full name",
        error_messages={"required": "Nothing is written here. Write the name that others read."},
    )
    username = forms.CharField(
        max_length=Person._meta.get_field("username").max_length,
        label="Sign-in name",
        help_text="Letters, digits and @ . + - _ . It cannot be changed later.",
        widget=forms.TextInput({"autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": "Nothing is written here. Write the name to sign in with."},
    )
    email = forms.EmailField(required=False, label="E-mail")

    field_order = ("full_name", "username", "email", "roles")

    def tell(self, error: ValidationError) -> None:
        """Put what the service found beside the fields that it is about."""
        for name, faults in error.error_dict.items():
            for fault in faults:
                self.add_error(name if name in self.fields else None, fault)


class SetPasswordForm(forms.Form):
    """A new password, twice."""

    password = forms.CharField(
        label="New password",
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        error_messages={"required": "Nothing is written here. Write a password."},
    )
    again = forms.CharField(
        label="The same again",
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        error_messages={"required": "Nothing is written here. Write the password once more."},
    )

    def clean(self) -> dict[str, Any]:
        """Both are the same."""
        given = super().clean() or {}
        if given.get("password") and given.get("again") and given["password"] != given["again"]:
            self.add_error("again", "It is not what you typed above.")
        return given
