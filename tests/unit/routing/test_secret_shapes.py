"""Secrets that no word announces, in a configuration that grew for twenty years."""

from __future__ import annotations

import base64
import random

import pytest

from routing.core.adopt.blank import Blanks, blanked
from routing.core.adopt.secret_shapes import BLANK, PRIVATE_KEY, is_random

MESSY = """\
divert(-1)
# taken over from the old relay, AUTH PLAIN AGpvZQBodW50ZXIy
include(`/usr/share/sendmail/cf/m4/cf.m4')
OSTYPE(`debian')dnl
DAEMON_OPTIONS(`Family=inet, Name=MTA-v4, Addr=127.0.0.1')dnl
define(`SMART_HOST', `esmtp:[smtp1.renater.fr]')dnl
define(`confAUTH_MECHANISMS', `PLAIN LOGIN')dnl
define(`confCLIENT_KEY', `/etc/mail/tls/relay.key')dnl
define(`confFORWARD_PATH', `$z/.forward')dnl
define(`SITE_AUTH', `hunter2')dnl
define(`OUR_RELAY_TOKEN', `hunter2.example')dnl
define(`myHub', `hub.renater.fr')dnl
define(`apiKey', `hunter2')dnl
LOCAL_CONFIG
D{RelayAuth}hunter2
D{smtpUser}joe:hunter2
D{Hub}[hub.renater.fr]
D{Backup}backup.renater.fr
D{AuthFile}/etc/mail/auth/relay.secret
D{Version}8
D{Expr}$?{x}$x$.
DThunter2
DSsmtp1.renater.fr
DnMAILER-DAEMON
Dj$w.renater.fr
HX-Relay-Token: hunter2
HReceived: $?sfrom $s $.$?_($?s$|from $.$_)
KrelayAuth ldap -h ldap.renater.fr -d cn=relay -P hunter2
Kseen hash -o /etc/mail/seen
C{Hooks}https://joe:hunter2@hooks.example/x
R$* < @ relay . > $*\t$#esmtp $@ [smtp1.renater.fr] $: $1 $| hT7xK2pQ9vLm4RzW
D{crypted}$6$saltsalt$hunter2hunter2hunter2hunter2
dnl {SSHA}hunter2hunter2hunter2
"""


def test_a_messy_configuration_gives_no_secret_away_and_keeps_the_rest() -> None:
    shown, changed = blanked(MESSY, Blanks.SENDMAIL)
    for secret in ("hunter2", "AGpvZQBodW50ZXIy", "hT7xK2pQ9vLm4RzW"):
        assert secret not in shown
    assert shown.count("\n") == MESSY.count("\n") and changed == 13
    lines = zip(MESSY.split("\n"), shown.split("\n"), strict=True)
    kept = [before for before, after in lines if before == after]
    for line in (
        "DAEMON_OPTIONS(`Family=inet, Name=MTA-v4, Addr=127.0.0.1')dnl",
        "define(`SMART_HOST', `esmtp:[smtp1.renater.fr]')dnl",
        "define(`confAUTH_MECHANISMS', `PLAIN LOGIN')dnl",
        "define(`confCLIENT_KEY', `/etc/mail/tls/relay.key')dnl",
        "define(`confFORWARD_PATH', `$z/.forward')dnl",
        "define(`myHub', `hub.renater.fr')dnl",
        "D{Hub}[hub.renater.fr]",
        "D{AuthFile}/etc/mail/auth/relay.secret",
        "DSsmtp1.renater.fr",
        "DnMAILER-DAEMON",
        "Dj$w.renater.fr",
        "HReceived: $?sfrom $s $.$?_($?s$|from $.$_)",
        "Kseen hash -o /etc/mail/seen",
    ):
        assert line in kept
    assert "D{RelayAuth}" + BLANK in shown and "define(`SITE_AUTH', `" + BLANK in shown
    assert blanked(shown, Blanks.SENDMAIL)[0] == shown


@pytest.mark.parametrize(
    "word",
    [
        "UseCompressedIPv6Addresses",
        "SMTP8_MAILER_ARGS",
        "EnvFromL/HdrFromL",
        "SLocal_check_mail2",
        "TLS_AES_256_GCM_SHA384",
        "sendmailMTACluster",
        "confDOUBLE_BOUNCE_ADDRESS",
        "smtp1-lists-renater",
    ],
)
def test_what_people_write_does_not_look_drawn(word: str) -> None:
    assert not is_random(word)


def test_what_is_drawn_nearly_always_looks_so() -> None:
    draw = random.Random(8)
    words = [base64.b64encode(draw.randbytes(18)).decode() for _ in range(500)]
    words += [draw.randbytes(16).hex() for _ in range(500)]
    assert sum(is_random(word) for word in words) >= 970


@pytest.mark.parametrize(
    "head",
    [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
        "PuTTY-User-Key-File-3: ssh-ed25519",
    ],
)
def test_a_file_with_a_key_of_any_kind_is_known(head: str) -> None:
    assert PRIVATE_KEY.search(f"dnl x\n{head}\n")
