"""The form of an adoption: the texts of an existing list server, pasted or uploaded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File

from routing.core.adopt.mc import read_mc
from routing.core.adopt.names import CW_FILE, cw_files
from routing.core.adopt.report import Sources
from routing.core.adopt.sympa import SYMPA_CONF
from routing.forms.fields import PortField, TextField

LARGEST = 2_000_000
"""Characters of all texts together: what a form may carry from page to page."""
TEXTS = ("mailertable", "mc", "class_w", "sympa_conf", "robots")


class TableField(TextField):
    """The table is needed, but may come from a file: the form looks when it knows both."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.required = True

    def validate(self, value: Any) -> None:
        """Nothing written is no fault yet."""


class AdoptForm(forms.Form):
    """Each text can be pasted, or come from a file; a file wins. Only the table is needed."""

    use_required_attribute = False

    server = forms.ChoiceField(
        label="List server", widget=forms.Select(attrs={"class": "form-select"})
    )
    mailertable = TableField(label="mailertable", rows=8, css="ma-mono")
    mc = TextField(
        label="sympa.mc",
        rows=8,
        css="ma-mono",
        help_text="It is read, never run. Name files with secrets, do not paste them.",
    )
    class_w = TextField(
        label="local-host-names", rows=3, css="ma-mono", help_text="The names of class w."
    )
    sympa_conf = TextField(label="sympa.conf", rows=4, css="ma-mono")
    robots = TextField(
        label="Robots",
        rows=3,
        css="ma-mono",
        help_text="The directories with a robot.conf, one domain a line.",
    )
    relay_port = PortField(
        label="Port of the relay", initial=25, help_text="A table cannot say it."
    )

    def __init__(self, *args: Any, servers: tuple[str, ...], **options: Any) -> None:
        super().__init__(*args, **options)
        choice = self.fields["server"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(name, name) for name in servers]

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError with everything that is wrong with the texts together."""
        given = super().clean() or {}
        for name in TEXTS:
            if (file := self.files.get(f"{name}_file")) is not None:
                given[name] = self._text_of(name, file)
        if not self.errors and not given.get("mailertable", "").strip():
            self.add_error("mailertable", "Paste the table, or choose its file.")
        if sum(len(given.get(name) or "") for name in TEXTS) > LARGEST:
            raise ValidationError(
                "These texts are too large for a page. Use manage.py adopt on the control host."
            )
        return given

    def _text_of(self, name: str, file: File[bytes]) -> str:
        if (file.size or 0) > LARGEST:
            self.add_error(name, "The file is too large for a page. Use manage.py adopt.")
            return ""
        try:
            text = bytes(file.read()).decode("utf-8")
        except UnicodeDecodeError as error:
            self.add_error(name, f"{file.name} is not UTF-8 text at byte {error.start}.")
            return ""
        return text.replace("\r\n", "\n")

    def texts(self) -> dict[str, str]:
        """What was given, to be carried on to the next page."""
        return {name: self.cleaned_data.get(name) or "" for name in TEXTS}

    def sources(self) -> Sources:
        """The texts as the report reads them."""
        return sources_of(**self.texts())


def sources_of(*, mailertable: str, mc: str, class_w: str, sympa_conf: str, robots: str) -> Sources:
    """Texts under the names that the configuration and Sympa call their files by."""
    path = next(iter(cw_files(read_mc(mc))), CW_FILE)
    sympa = {f"{name}/robot.conf": "" for name in robots.split()}
    if sympa_conf.strip():
        sympa[SYMPA_CONF] = sympa_conf
    return Sources(mailertable, mc, {path: class_w} if class_w.strip() else {}, sympa)
