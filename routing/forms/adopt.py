"""The form of an adoption: the texts of an existing list server, pasted or uploaded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import File

from routing.core.adopt.information import managed_names, read_access, read_aliases
from routing.core.adopt.names import CW_FILE, cw_files
from routing.core.adopt.report import Sources
from routing.core.adopt.sympa import SYMPA_CONF
from routing.core.intent import SMTP_PORT
from routing.forms.fields import PortField, TextField
from routing.models import MailHost

LARGEST = 2_000_000
"""Characters of all texts together: what a form may carry from page to page."""
TEXTS = ("mailertable", "mc", "cf", "class_w", "sympa_conf", "robots", "access", "aliases")


class TableField(TextField):
    """The table is needed, but may come from a file: the form looks when it knows both."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.required = True

    def validate(self, value: Any) -> None:
        """Nothing written is no fault yet."""


class ServerForm(forms.Form):
    """Which list server, and what none of its files says."""

    use_required_attribute = False

    server = forms.ChoiceField(
        label="List server", widget=forms.Select(attrs={"class": "form-select"})
    )
    relay_port = PortField(
        label="Port of the relay", initial=SMTP_PORT, help_text="A table cannot say it."
    )

    def __init__(self, *args: Any, servers: tuple[str, ...], **options: Any) -> None:
        super().__init__(*args, **options)
        choice = self.fields["server"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [(name, name) for name in servers]

    def host(self) -> MailHost:
        """The list server of a valid form."""
        return MailHost.objects.get(name=self.cleaned_data["server"])


class ReadingForm(ServerForm):
    """Its agent reads the files. It may stand on one page with the form below."""

    def __init__(self, *args: Any, servers: tuple[str, ...], **options: Any) -> None:
        super().__init__(*args, servers=servers, **({"auto_id": "reading-%s"} | options))


class AdoptForm(ServerForm):
    """Each text can be pasted, or come from a file; a file wins. Only the table is needed."""

    mailertable = TableField(label="mailertable", rows=8, css="ma-mono")
    mc = TextField(
        label="sympa.mc",
        rows=8,
        css="ma-mono",
        help_text="It is read, never run. Name files with secrets, do not paste them.",
    )
    cf = TextField(
        label="sympa.cf",
        rows=3,
        css="ma-mono",
        help_text="Where there is no sympa.mc any more; the host's agent judges its rules too.",
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
    access = TextField(
        label="access",
        rows=3,
        css="ma-mono",
        help_text="For information: what it says of managed domains. Leave AuthInfo lines out.",
    )
    aliases = TextField(
        label="aliases",
        rows=3,
        css="ma-mono",
        help_text="For information: which lists it hands to Sympa.",
    )

    field_order = ("server", *TEXTS, "relay_port")

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


def sources_of(
    *,
    mailertable: str,
    mc: str,
    cf: str,
    class_w: str,
    sympa_conf: str,
    robots: str,
    access: str,
    aliases: str,
) -> Sources:
    """Texts under the names that the configuration and Sympa call their files by."""
    named = Sources(mailertable, mc, cf=cf).statements
    path = next(iter(cw_files(named)), CW_FILE)
    sympa = {f"{name}/robot.conf": "" for name in robots.split()}
    if sympa_conf.strip():
        sympa[SYMPA_CONF] = sympa_conf
    names = managed_names(mailertable, robots.split())
    return Sources(
        mailertable,
        mc,
        {path: class_w} if class_w.strip() else {},
        sympa,
        mc_name="sympa.cf" if cf.strip() and not mc.strip() else "sympa.mc",
        cf=cf if not mc.strip() else "",
        access=read_access(access, names) if access.strip() else None,
        aliases=read_aliases(aliases) if aliases.strip() else None,
    )
