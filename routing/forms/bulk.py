"""Forms of what is done to many objects at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from routing.core.intent import ObjectKind
from routing.core.listed import TEXT_LIMIT
from routing.forms.fields import TextField, tags_field
from routing.forms.objects import Choices
from routing.models import RelayTarget
from routing.services.bulk import Existing
from routing.services.bulk_acts import NOTE_LIMIT, Act

EXISTING: Choices = [
    (Existing.SKIP, "Skip it: what is there stays"),
    (Existing.MERGE, "Merge: what the list fills in is taken over"),
    (Existing.REPLACE, "Replace it by what the list says, empty cells too"),
]


class ListForm(forms.Form):
    """A pasted list, or a file with one; the file wins."""

    server = forms.ChoiceField(label="List server")
    relay = forms.ChoiceField(
        label="Relay of a destination that stands alone on its line", required=False
    )
    text = TextField(
        label="List",
        rows=12,
        css="ma-mono",
        help_text="One name a line. A line of a mailertable (key, blanks, value) is taken too,"
        " and so is a CSV or JSON file of a list. Blank lines and lines after # are passed over.",
    )
    file = forms.FileField(label="or a file with it", required=False, allow_empty_file=True)
    tags = tags_field(label="Tags of what is added, where the list names none")
    existing = forms.ChoiceField(
        label="A key that is there already, and differs",
        choices=EXISTING,
        initial=Existing.SKIP,
        widget=forms.RadioSelect,
    )

    def __init__(
        self, *args: Any, kind: ObjectKind, servers: Choices, relays: Choices, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["server"].choices = servers  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["server"].initial = servers[0][0] if servers else ""
        if len(servers) == 1:
            self.fields["server"].widget = forms.HiddenInput()
        choices = [("", "none: each line says its own way"), *relays]
        self.fields["relay"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        if kind is not ObjectKind.ROUTE:
            del self.fields["relay"]

    def clean(self) -> dict[str, Any]:
        """With the text of the file in `text`."""
        given = super().clean() or {}
        if file := given.get("file"):
            given["text"] = self._text_of(file)
        if not self.errors and not given.get("text", "").strip():
            self.add_error("text", "Nothing is written here. Paste a list, or choose a file.")
        return given

    def _text_of(self, file: Any) -> str:
        if file.size > TEXT_LIMIT:
            limit = f"more than {TEXT_LIMIT} bytes. Send it in parts."
            self.add_error("file", f"{file.name} has {file.size} bytes, {limit}")
            return ""
        try:
            return bytes(file.read()).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.add_error("file", f"{file.name} is not UTF-8 text at byte {error.start}.")
            return ""


class NoteForm(forms.Form):
    """The note of many."""

    note = TextField(
        label="Note",
        max_length=NOTE_LIMIT,
        rows=2,
        help_text="It takes the place of the notes that are there.",
    )

    @property
    def text(self) -> str:
        """What the act is told."""
        return str(self.cleaned_data["note"]).strip()


class TagsForm(forms.Form):
    """The tags that many get, or lose."""

    tags = tags_field(required=True)

    @property
    def text(self) -> str:
        """What the act is told."""
        return str(self.cleaned_data["tags"])


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
    def text(self) -> str:
        """What the act is told."""
        return str(self.cleaned_data["relay"])


ActForm = NoteForm | TagsForm | RelayOfForm
ACT_FORMS: Mapping[Act, type[ActForm]] = {
    Act.NOTE: NoteForm,
    Act.TAG: TagsForm,
    Act.UNTAG: TagsForm,
    Act.SEND: RelayOfForm,
}
"""What an act asks for; the others ask for nothing."""


class SaveForm(forms.Form):
    """What the page of a dry run sends on: its token, and the digest of what it showed."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    shown = forms.CharField(max_length=64, widget=forms.HiddenInput)
