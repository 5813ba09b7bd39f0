"""The form of a relay target."""

from __future__ import annotations

from django import forms

from routing.forms.fields import (
    HostsField,
    PortField,
    note_field,
    relay_name_field,
    tags_field,
)


class RelayForm(forms.Form):
    """A name, hosts in the order in which they are tried, and one port for all of them."""

    identity = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    name = relay_name_field()
    hosts = HostsField(
        label="Hosts", help_text="One a line, tried in this order, for example smtp1.renater.fr."
    )
    port = PortField(
        label="Port", initial="25", help_text="25 is SMTP. It holds for all hosts above."
    )
    note = note_field()
    tags = tags_field()
