"""Where a value may break when there is little room."""

import pytest

from mailadmin.ui.templatetags.ma import parted


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("/var/spool/sendmailsympa", "/var/<wbr>spool/<wbr>sendmailsympa"),
        ("127.0.0.1 port 25", "127.0.0.1 port 25"),
        ("8.17.1.9", "8.17.1.9"),
        ("sympa:sympa, listes.renater.fr", "sympa:sympa, listes.<wbr>renater.<wbr>fr"),
        ("<b>all@lists.example.org", "&lt;b&gt;all@<wbr>lists.<wbr>example.<wbr>org"),
        (1200, "1200"),
    ],
)
def test_long_words_break_between_their_parts_and_short_ones_never(
    value: object, shown: str
) -> None:
    assert parted(value) == shown
