"""Forms about people."""

from __future__ import annotations

from django import forms

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
