"""A `.cf` is read statement by statement, with the line on which each begins."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routing.core.adopt.cf import read_cf

TEXT = """\
# built by hand
Cwlocalhost listes
C{Persistent}a b
Fw/etc/mail/local-host-names
Fw-o /etc/mail/more-names %[^\\#]
FR|/usr/local/bin/names
F{VirtHost}@ldap
DjLISTES.renater.fr
D{ClientPort}25
O QueueDirectory=/var/spool/sympa
O  AliasFile = /etc/mail/aliases
OL9
Kmailertable hash -o -a: /etc/mail/mailertable.db
Kaccess dbm -T<TMPF> /etc/mail/access
Kdequote dequote
Kbare
Mesmtp,\t\tP=[IPC], F=mDFMuXa, S=EnvFromSMTP/HdrFromSMTP, R=EnvToSMTP, E=\\r\\n,
\t\tT=DNS/RFC822/SMTP,
\t\tA=TCP $h 2525
Mlocal,P=/usr/bin/procmail, F=lsDFM, A=procmail -Y -a $h -d $u
SLocal_localaddr=5
R$+\t\t$#local $@ $: $1\ta comment
R$*  <  @  $+ >
 \t$1<@$2>
S96
R@\t$@
"""


def test_maps_say_their_kind_their_flags_and_the_files_one_of_which_must_be_there() -> None:
    maps = {item.name: item for item in read_cf(TEXT).maps}
    table = maps["mailertable"]
    assert (table.line, table.kind, table.flags) == (13, "hash", ("-o", "-a:"))
    assert not table.is_mandatory
    assert table.files == ("/etc/mail/mailertable.db",)
    assert maps["access"].is_mandatory
    assert maps["access"].files == ("/etc/mail/access.pag",)
    assert maps["dequote"].files == ()
    assert "bare" not in maps


def test_a_mailer_goes_on_over_lines_and_keeps_program_and_arguments() -> None:
    esmtp, local = read_cf(TEXT).mailers
    assert (esmtp.line, esmtp.name) == (17, "esmtp")
    assert (esmtp.fields["P"], esmtp.fields["A"]) == ("[IPC]", "TCP $h 2525")
    assert (local.fields["P"], local.fields["A"]) == (
        "/usr/bin/procmail",
        "procmail -Y -a $h -d $u",
    )


def test_classes_and_the_files_they_are_filled_from() -> None:
    found = read_cf(TEXT)
    assert found.words == ((2, "w", ("localhost", "listes")), (3, "Persistent", ("a", "b")))
    assert found.class_files == (
        (4, "w", "/etc/mail/local-host-names"),
        (5, "w", "/etc/mail/more-names"),
    )


def test_macros_and_options_of_both_spellings() -> None:
    found = read_cf(TEXT)
    assert found.macros == ((8, "j", "LISTES.renater.fr"), (9, "ClientPort", "25"))
    assert found.options == (
        (10, "QueueDirectory", "/var/spool/sympa"),
        (11, "AliasFile", "/etc/mail/aliases"),
        (12, "L", "9"),
    )


def test_rules_know_their_ruleset_and_lose_their_comment() -> None:
    rules = read_cf(TEXT).rules
    assert [(rule.ruleset, rule.left, rule.right) for rule in rules] == [
        ("Local_localaddr", "$+", "$#local $@ $: $1"),
        ("Local_localaddr", "$* < @ $+ > $1<@$2>", ""),
        ("96", "@", "$@"),
    ]


def test_windows_ends_of_lines_are_no_part_of_a_value() -> None:
    assert read_cf("Cwa\r\nDSsmtp1\r\n").macros == ((2, "S", "smtp1"),)


@given(st.text(max_size=200))
def test_whatever_stands_in_it_is_read_without_an_error(text: str) -> None:
    found = read_cf(text)
    assert all(item.line >= 1 and len(item.letter) == 1 for item in found.statements)
    read = (*found.maps, *found.mailers, *found.macros, *found.words, *found.class_files)
    assert len((*read, *found.options, *found.rules)) <= len(found.statements)


@given(st.lists(st.sampled_from("KMDCFOSR"), max_size=8), st.data())
def test_statements_that_stop_anywhere_are_read_too(
    letters: list[str], data: st.DataObject
) -> None:
    text = "".join(
        letter + data.draw(st.text(alphabet="a{}=,-o/ \t.", max_size=12)) + "\n"
        for letter in letters
    )
    found = read_cf(text)
    for item in (found.maps, found.mailers, found.macros, found.words, found.rules):
        assert isinstance(item, tuple)
    assert all(path.startswith("/") for _, _, path in found.class_files)
