"""Forms of routing objects: virtual domains, local hosts, routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms

from routing.core.intent import ObjectKind
from routing.forms.fields import NameField, key_field, note_field, tags_field

Choices = list[tuple[str, str]]


class ObjectForm(forms.Form):
    """What every kind has. `identity` is made when the page is, so that sending it twice adds one;
    `version` is the one that the page showed, 0 for a new object."""

    identity = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    server = forms.ChoiceField(label="List server")
    key = key_field("Key", "")
    note = note_field()
    tags = tags_field()

    def __init__(self, *args: Any, servers: Choices, relays: Choices, **options: Any) -> None:
        super().__init__(*args, **options)
        del relays
        self.fields["server"].choices = servers  # type: ignore[attr-defined]  # a ChoiceField
        if len(servers) == 1:
            self.fields["server"].widget = forms.HiddenInput()
            self.fields["server"].initial = servers[0][0]

    def way(self) -> dict[str, Any]:
        """How a route goes, in the words of the service; other kinds need not say."""
        return {"relay_target": None, "mailer": "", "next_hop": ""}


class DomainForm(ObjectForm):
    """A virtual domain needs nothing but its name."""

    key = key_field(
        "Domain",
        "For example conf.renater.fr. Mail for it is handed to Sympa on the server.",
        full_name=True,
    )


class LocalHostForm(ObjectForm):
    """A local host is handed its own mail."""

    key = key_field(
        "Host",
        "For example host.renater.fr. Mail for it is handed to the host of that name.",
        full_name=True,
    )


class RouteForm(ObjectForm):
    """One destination by a relay target, or by a mailer and its next hop."""

    key = key_field(
        "Destination", "A full name, .renater.fr for every name below it, or . for everything else."
    )
    relay_target = forms.ChoiceField(label="By relay", required=False)
    mailer = NameField(
        check=None,
        label="or by mailer",
        required=False,
        help_text="For example esmtp, or error to refuse mail. Empty when a relay is chosen.",
    )
    next_hop = NameField(
        check=None,
        label="with next hop",
        required=False,
        help_text="[host] goes there at once, host looks up its MX. For error: 5.1.1:550 words.",
    )

    field_order = [
        "identity",
        "version",
        "server",
        "key",
        "relay_target",
        "mailer",
        "next_hop",
        "note",
        "tags",
    ]

    def __init__(self, *args: Any, relays: Choices, **options: Any) -> None:
        super().__init__(*args, relays=relays, **options)
        choices = [("", "none, by the mailer below"), *relays]
        self.fields["relay_target"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    def way(self) -> dict[str, Any]:
        """A relay target, or mailer and next hop."""
        relay = self.cleaned_data["relay_target"]
        return {
            "relay_target": UUID(relay) if relay else None,
            "mailer": self.cleaned_data["mailer"],
            "next_hop": self.cleaned_data["next_hop"],
        }


FORMS: Mapping[ObjectKind, type[ObjectForm]] = {
    ObjectKind.VIRTUAL_DOMAIN: DomainForm,
    ObjectKind.LOCAL_HOST: LocalHostForm,
    ObjectKind.ROUTE: RouteForm,
}


class VersionForm(forms.Form):
    """A one-button act on an object: which one, and the version that the page showed."""

    identity = forms.UUIDField(widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
