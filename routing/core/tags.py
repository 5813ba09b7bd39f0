"""Tags: free words for finding things again. They are ours alone and never reach a mail host.

Kept and sent as one text, the words in order and a blank between them, so that two ways of writing
the same words are the same value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from routing.core.findings import Finding, Severity

MOST_TAGS = 12
LONGEST_TAG = 32
BETWEEN = re.compile(r"[\s,;]+")
INSIDE = frozenset("-_.:/")


def normal_tags(text: str) -> str:
    """The words of a text in small letters, each once, in order, a blank between them."""
    return " ".join(words_of(text))


def words_of(text: str) -> tuple[str, ...]:
    """The same as words. What is written with commas, semicolons or blanks between is taken."""
    return tuple(sorted({word for word in BETWEEN.split(_settled(text)) if word}))


def with_tags(tags: str, more: str) -> str:
    """The words of both."""
    return normal_tags(f"{tags} {more}")


def without_tags(tags: str, less: str) -> str:
    """The words of the first that the second has not."""
    gone = words_of(less)
    return " ".join(word for word in words_of(tags) if word not in gone)


def check_tags(tags: str, subject: str = "") -> tuple[Finding, ...]:
    """Everything that is wrong with the words of a text."""
    return tuple(_wrong(words_of(tags), subject))


def _settled(text: str) -> str:
    """Small letters may compose anew, and what they compose to may be made smaller again."""
    while (after := unicodedata.normalize("NFKC", text).lower()) != text:
        text = after
    return text


def _wrong(words: tuple[str, ...], subject: str) -> Iterator[Finding]:
    if len(words) > MOST_TAGS:
        text = f"{len(words)} tags are more than {MOST_TAGS}."
        yield _error("tags_many", subject, text, "Take some away.")
    for word in words:
        if len(word) > LONGEST_TAG:
            text = f"The tag {word[:LONGEST_TAG]}… has more than {LONGEST_TAG} characters."
            yield _error("tag_long", subject, text, "Write a shorter one.")
        elif not _is_word(word):
            advice = "Begin with a letter or digit; - _ . : / may follow."
            yield _error("tag_shape", subject, f"{word} is no tag.", advice)


def _is_word(word: str) -> bool:
    """Letters and digits of any script, with their accents, and a few signs inside."""
    kinds = [unicodedata.category(letter)[0] for letter in word]
    known = (kind in "LMN" or sign in INSIDE for kind, sign in zip(kinds, word, strict=True))
    return kinds[0] in "LN" and all(known)


def distinct_words(texts: Iterable[str]) -> tuple[str, ...]:
    """Every word of many texts, in order."""
    return tuple(sorted({word for text in texts for word in text.split()}))


def _error(code: str, subject: str, text: str, advice: str) -> Finding:
    return Finding(code, Severity.ERROR, subject, text, advice, "tags")
