"""allauth's forms of one's own account, in the words of this site. What they check is allauth's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from allauth.account.forms import ChangePasswordForm, ReauthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateByCodeForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm

PASSWORD_HELP = "At least 8 characters, no common password, and not your name."


class OwnWords:
    """Label and help of fields by their name. Nothing stands in a field that nobody typed."""

    words: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        for name, field in self.fields.items():  # type: ignore[attr-defined]  # a form's own
            field.widget.attrs.pop("placeholder", None)
            if name in self.words:
                field.label, field.help_text = self.words[name]


class ChangeOwnPassword(OwnWords, ChangePasswordForm):  # type: ignore[misc]  # allauth has no types
    """The password that works now, and another one twice."""

    words = {
        "oldpassword": ("Current password", ""),
        "password1": ("New password", PASSWORD_HELP),
        "password2": ("The same again", ""),
    }


class ConfirmByPassword(OwnWords, ReauthenticateForm):  # type: ignore[misc]  # allauth has no types
    """The password once more."""

    words = {"password": ("Password", "")}


class ConfirmByCode(OwnWords, ReauthenticateByCodeForm):  # type: ignore[misc]  # allauth has no types
    """A code once more."""

    words = {"code": ("Code from your authenticator, or a recovery code", "")}


class SetUpApp(OwnWords, ActivateTOTPForm):  # type: ignore[misc]  # allauth has no types
    """A code that shows that the app has the secret."""

    words = {"code": ("Code that the app shows", "Six digits; another one every half minute.")}


class AddKey(OwnWords, AddWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """A name for the key, and whether it is enough alone."""

    words = {
        "name": ("Name", "What you call it, so that you know it in the list."),
        "passwordless": (
            "It signs me in alone, without a password",
            "As a passkey: the key asks for its PIN or your finger then.",
        ),
    }


class RenameKey(OwnWords, EditWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """Another name for the key."""

    words = {"name": ("Name", "")}
