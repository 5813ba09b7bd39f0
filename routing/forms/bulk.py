"""Forms of a list that somebody pastes or uploads."""

from __future__ import annotations

from typing import Any

from django import forms

from routing.core.intent import ObjectKind
from routing.core.tables import TEXT_LIMIT
from routing.forms.fields import TextField, tags_field
from routing.forms.objects import Choices
from routing.services.list_plan import Existing

EXISTING: Choices = [
    (Existing.SKIP, "Skip it: what is there stays"),
    (Existing.MERGE, "Merge: what the list fills in is taken over"),
    (Existing.REPLACE, "Replace it by what the list says, empty cells too"),
]


class PastedForm(forms.Form):
    """A pasted list, or a file with one; the file wins."""

    text = TextField(label="List", rows=12, css="ma-mono")
    file = forms.FileField(label="or a file with it", required=False, allow_empty_file=True)
    tags = tags_field(label="Tags of what is added, where the list names none")
    existing = forms.ChoiceField(choices=EXISTING, initial=Existing.SKIP, widget=forms.RadioSelect)
    sent: tuple[str, ...] = ("tags", "existing")
    """What the page of a dry run sends on, beside the list."""
    too_large = "Send it in parts."

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
            words = f"{file.name} has {file.size} bytes, more than {TEXT_LIMIT}. {self.too_large}"
            self.add_error("file", words)
            return ""
        try:
            return bytes(file.read()).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.add_error("file", f"{file.name} is not UTF-8 text at byte {error.start}.")
            return ""


class ListForm(PastedForm):
    """A list of keys of a list server."""

    server = forms.ChoiceField(label="List server")
    relay = forms.ChoiceField(
        label="Relay of a destination that stands alone on its line", required=False
    )
    field_order = ("server", "relay")
    sent = ("server", "relay", *PastedForm.sent)
    too_large = "Send it in parts, or save it whole at a shell: manage.py import_list."

    def __init__(
        self, *args: Any, kind: ObjectKind, servers: Choices, relays: Choices, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.fields["text"].help_text = (
            "One name a line. A line of a mailertable (key, blanks, value) is taken too,"
            " and so is a CSV or JSON file of a list. Blank lines and lines after # are passed"
            " over."
        )
        self.fields["existing"].label = "A key that is there already, and differs"
        self.fields["server"].choices = servers  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["server"].initial = servers[0][0] if servers else ""
        if len(servers) == 1:
            self.fields["server"].widget = forms.HiddenInput()
        choices = [("", "none: each line says its own way"), *relays]
        self.fields["relay"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        if kind is not ObjectKind.ROUTE:
            del self.fields["relay"]


class RelayListForm(PastedForm):
    """A list of relay targets."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["text"].help_text = (
            "One relay a line: a short name, its hosts in the order in which they are tried, and"
            " a port where it is not 25. A host alone is named by its first part. A CSV or JSON"
            " file of this list is taken too; what stands after # is passed over."
        )
        self.fields["existing"].label = "A relay that is there already, and differs"


class SaveForm(forms.Form):
    """What the page of a dry run sends on: its token, and the digest of what it showed."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    shown = forms.CharField(max_length=64, widget=forms.HiddenInput)
