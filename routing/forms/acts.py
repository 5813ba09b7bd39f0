"""What an act on many rows asks for before it is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from routing.core.names import check_host
from routing.forms.fields import NameField, PortField, TextField, tags_field
from routing.forms.retirement import DrainForm, RejectForm, StepForm
from routing.models import RelayTarget
from routing.services.acts import NOTE_LIMIT, Act


class NoteForm(forms.Form):
    """The note of many."""

    note = TextField(
        label="Note",
        max_length=NOTE_LIMIT,
        rows=2,
        help_text="It takes the place of the notes that are there.",
    )

    @property
    def given(self) -> dict[str, Any]:
        """What the act is told."""
        return {"text": str(self.cleaned_data["note"]).strip()}


class TagsForm(forms.Form):
    """The tags that many get, or lose."""

    tags = tags_field(required=True)

    @property
    def given(self) -> dict[str, Any]:
        """What the act is told."""
        return {"text": str(self.cleaned_data["tags"])}


class RelayOfForm(forms.Form):
    """The relay target that many routes go by."""

    relay = forms.ChoiceField(
        label="By relay", error_messages={"required": "Choose the relay that they go by."}
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        names = RelayTarget.objects.values_list("name", flat=True)
        choices = [("", "choose one"), *((name, name) for name in names)]
        self.fields["relay"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField

    @property
    def given(self) -> dict[str, Any]:
        """What the act is told."""
        return {"text": str(self.cleaned_data["relay"])}


class SwapForm(forms.Form):
    """A host of many relay targets, and the one that takes its place."""

    host = NameField(check=None, label="Host to replace")
    to = NameField(
        check=check_host,
        label="Host that takes its place",
        required=False,
        help_text="Where the other one stands in the order. Left empty, that one just goes.",
    )

    @property
    def given(self) -> dict[str, Any]:
        """What the act is told."""
        return {"text": str(self.cleaned_data["host"]), "to": str(self.cleaned_data["to"])}


class PortForm(forms.Form):
    """The port of many relay targets."""

    port = PortField(label="Port", help_text="It holds for all hosts of each. 25 is SMTP.")

    @property
    def given(self) -> dict[str, Any]:
        """What the act is told."""
        return {"text": str(self.cleaned_data["port"])}


ActForm = NoteForm | TagsForm | RelayOfForm | SwapForm | PortForm | StepForm
ACT_FORMS: Mapping[Act, type[ActForm]] = {
    Act.NOTE: NoteForm,
    Act.TAG: TagsForm,
    Act.UNTAG: TagsForm,
    Act.SEND: RelayOfForm,
    Act.SWAP: SwapForm,
    Act.PORT: PortForm,
    Act.DRAIN: DrainForm,
    Act.REJECT: RejectForm,
    Act.GONE: StepForm,
    Act.READMIT: DrainForm,
    Act.KEEP: StepForm,
}
"""What an act asks for; the others ask for nothing."""
