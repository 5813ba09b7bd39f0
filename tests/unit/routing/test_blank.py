"""No secret of a configuration file is in what leaves its host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.core.adopt.blank import Blanks, blanked
from routing.core.adopt.mc import read_mc
from routing.core.adopt.options import Verdict, judge
from routing.core.adopt.secret_shapes import BLANK
from tests.unit.routing.values import FACTS

SECRET = "hunter2"
WORDS = st.text(alphabet="abcdefghijklmnopqrstuvwxyzABC0123456789!$%&*+-_~^?{}|", min_size=6)


@pytest.mark.parametrize(
    "line",
    [
        "define(`confX_PASSWORD', `hunter2')dnl",
        "define(`confX_PASSWORD',\n  `hunter2')dnl",
        "dnl the password of the relay is hunter2",
        "# passwd: hunter2",
        'AuthInfo:smtp1.example "U:joe" "P:hunter2" "M:PLAIN"',
        'AuthInfo: "U:joe" "P=aHVudGVyMg==hunter2"',
        "`U:joe' `P:hunter2'",
        "define(`x', `ldap://joe:hunter2@ldap.example')dnl",
        "Kldap ldap -h ldap.example -d cn=x -P hunter2 -M simple",
        "O SecretThing=hunter2",
        "D{bindpw}hunter2",
        "passphrase hunter2",
    ],
)
def test_what_stands_where_a_secret_may_is_blanked(line: str) -> None:
    shown, changed = blanked(line, Blanks.SENDMAIL)
    assert SECRET not in shown and BLANK in shown
    assert changed == 1
    assert shown.count("\n") == line.count("\n")


@pytest.mark.parametrize(
    "line",
    [
        "FEATURE(`authinfo', `hash -o /etc/mail/authinfo')dnl",
        "define(`confCLIENT_KEY', `/etc/mail/tls/secret.key')dnl",
        "define(`confAUTH_MECHANISMS', `PLAIN LOGIN')dnl",
        "define(`confDEF_AUTH_INFO', `/etc/mail/default-auth-info')dnl",
        "Kldap ldap -h ldap.example -P /etc/mail/ldap.secret",
        "define(`confX_PASSWORD_FILE', `/etc/mail/password')dnl",
        "MASQUERADE_AS(`renater.fr')dnl",
        "Cwpassword.example.org",
        "R<?>\t\t$: <$(authinfo AuthInfo:$&{server_addr} $: ? $)>",
        "# pass names that still have a host to a smarthost",
        "R$* < @ $+ . > $*\t\t$#esmtp $@ $2 $: $1 < @ $2 . > $3",
    ],
)
def test_a_file_that_holds_a_secret_keeps_its_name(line: str) -> None:
    assert blanked(line, Blanks.SENDMAIL) == (line, 0)


def test_of_sympas_parameters_only_known_ones_keep_their_value() -> None:
    text = (
        "domain sympa.example\nsendmail_args -oi -C /etc/mail/sympa.cf\ndb_passwd hunter2\n"
        "# db_passwd hunter2\n  #hunter2\ncookie hunter2\nnew_secret_of_tomorrow hunter2\n\n"
        "trusted_applications\nname hunter2\nmd5password hunter2\n hunter2\n"
        "sendmail_args --password=hunter2\n"
    )
    shown, changed = blanked(text, Blanks.SYMPA)
    assert SECRET not in shown
    assert shown.splitlines()[:2] == text.splitlines()[:2]
    assert shown.splitlines()[3:5] == ["#", "#"]
    assert shown.count("\n") == text.count("\n")
    assert changed == 8


def test_names_of_a_table_may_be_any_word() -> None:
    table = "passwd.example.org\tesmtp:[secret.example.org]\n# password hunter2\n"
    shown, changed = blanked(table, Blanks.TABLE)
    assert shown.startswith("passwd.example.org\tesmtp:[secret.example.org]\n")
    assert SECRET not in shown and changed == 1


def test_another_file_in_the_place_of_the_table_gives_nothing_away() -> None:
    text = 'AuthInfo:smtp1.example "P:hunter2"\ndb_passwd hunter2\n'
    assert SECRET not in blanked(text, Blanks.TABLE)[0]


@given(WORDS, st.sampled_from(["password", "DB_PASSWD", "secret", "bindPw", "my-passphrase"]))
def test_no_word_after_one_that_announces_a_secret_is_left(secret: str, word: str) -> None:
    for line in (f"{word} {secret}", f"{word} = {secret}", f"define(`{word}', `{secret}')dnl"):
        assert secret not in blanked(line, Blanks.SENDMAIL)[0].replace(word, "")


@given(st.text(max_size=400), st.sampled_from(Blanks))
def test_no_line_is_added_or_removed_and_twice_is_once(text: str, how: Blanks) -> None:
    shown, _ = blanked(text, how)
    assert shown.count("\n") == text.count("\n")
    assert blanked(shown, how)[0] == shown


def test_a_statement_that_lost_its_secret_is_no_text_for_the_hosts_own_m4() -> None:
    text = blanked("define(`confX_PASSWORD', `hunter2')dnl\n", Blanks.SENDMAIL)[0]
    (option,) = judge(read_mc(text), FACTS)
    assert (option.verdict, option.keep) == (Verdict.BY_HAND, "")
    assert "It holds a secret" in option.advice
