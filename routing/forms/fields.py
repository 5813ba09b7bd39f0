"""Fields whose checks are core's, so that a form shows every error of every field at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from routing.core.findings import Finding, Severity
from routing.core.names import check_host, check_key, check_port, check_relay_name
from routing.core.tags import check_tags, normal_tags

TAGS_INPUT = 1000
"""Characters of a line of tags; which of them are words is for core to say."""
Check = Callable[[str], tuple[Finding, ...]]


def by_core(check: Check) -> Callable[[str], None]:
    """Turn a check of core into a validator of a field."""

    def validate(text: str) -> None:
        errors = [item for item in check(text) if item.severity is Severity.ERROR]
        if errors:
            raise ValidationError([str(item) for item in errors])

    return validate


class NameField(forms.CharField):
    """One name, key or host, in the fixed-width letters that are compared by eye."""

    def __init__(self, *, check: Check | None, **options: Any) -> None:
        validators = [by_core(check)] if check else []
        super().__init__(
            max_length=255,
            validators=validators,
            error_messages={"required": "Nothing is written here. Write a name."},
            widget=forms.TextInput(
                {
                    "class": "ma-mono",
                    "autocomplete": "off",
                    "autocapitalize": "off",
                    "spellcheck": "false",
                }
            ),
            **options,
        )


class TextField(forms.CharField):
    """Several lines. A browser sends each with a carriage return; no file of ours may have one."""

    def __init__(self, *, rows: int, css: str = "", **options: Any) -> None:
        look = {"class": css, "spellcheck": "false"} if css else {}
        widget = forms.Textarea({"rows": rows} | look)
        super().__init__(required=False, widget=widget, **options)

    def to_python(self, value: Any) -> str:
        """With plain ends of line."""
        return (super().to_python(value) or "").replace("\r\n", "\n").replace("\r", "\n")


class HostsField(forms.CharField):
    """Host names, one a line, in the order in which they are tried. Gives a tuple."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_length=4000,
            widget=forms.Textarea({"class": "ma-mono", "rows": 3, "spellcheck": "false"}),
            error_messages={"required": "Nothing is written here. Name at least one host."},
            **options,
        )

    def prepare_value(self, value: Any) -> Any:
        """One a line again."""
        return "\n".join(value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        """The lines that are not blank."""
        text = super().to_python(value) or ""
        return tuple(line.strip() for line in text.splitlines() if line.strip())

    def run_validators(self, value: Any) -> None:
        """Every line is a host."""
        findings = [item for host in value for item in check_host(host, field="hosts")]
        errors = [str(item) for item in findings if item.severity is Severity.ERROR]
        if errors:
            raise ValidationError(errors)


class PortField(forms.CharField):
    """A TCP port. Gives an int."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput({"inputmode": "numeric", "size": "6", "autocomplete": "off"})
        super().__init__(
            max_length=10,
            validators=[by_core(check_port)],
            widget=widget,
            error_messages={"required": "Nothing is written here. Write a port; 25 is SMTP."},
            **options,
        )

    def clean(self, value: Any) -> int:
        """Raises ValidationError with what to write instead."""
        return int(super().clean(value))


def key_field(label: str, help_text: str, *, full_name: bool = False) -> NameField:
    """The left side of a mailertable line; `full_name` where nothing else can stand."""
    check = partial(check_key, full_name=full_name)
    return NameField(check=check, label=label, help_text=help_text)


def relay_name_field() -> NameField:
    """The short name of a relay target."""
    return NameField(
        check=check_relay_name, label="Name", help_text="A short name, for example smtp1."
    )


def note_field() -> TextField:
    """Why it is as it is, for the next reader."""
    return TextField(label="Note", max_length=2000, rows=2)


class TagsField(forms.CharField):
    """Words for finding it again. Gives them in one order, a blank between them."""

    def __init__(self, **options: Any) -> None:
        look = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        super().__init__(max_length=TAGS_INPUT, widget=forms.TextInput(look), **options)

    def clean(self, value: Any) -> str:
        """Raises ValidationError with everything that is wrong with each word."""
        text = str(super().clean(value))
        if found := check_tags(text):
            raise ValidationError([str(finding) for finding in found])
        return normal_tags(text)


def tags_field(*, label: str = "Tags", required: bool = False) -> TagsField:
    """Of an object, a relay target or a mail host."""
    return TagsField(
        label=label,
        required=required,
        help_text="Words with blanks between, such as paris customer-7. No mail host gets them.",
        error_messages={"required": "Nothing is written here. Write one or more words."},
    )


def add_findings(form: forms.BaseForm, findings: Iterable[Finding]) -> None:
    """Put what a service found where it belongs: to its field, or above the form."""
    for finding in findings:
        if finding.severity is Severity.ERROR:
            form.add_error(finding.field if finding.field in form.fields else None, str(finding))
