"""Rows by the words of their tags, and the words that there are."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat, StrIndex
from django.db.models.lookups import GreaterThan

from routing.core.intent import ObjectKind
from routing.core.tags import distinct_words, words_of
from routing.models import MailHost, RelayTarget, TaggedObject
from routing.queries.among import among

FENCED = Concat(Value(" "), F("tags"), Value(" "), output_field=TextField())
FEW = 1000
MOST_WORDS = 100
"""In a menu."""


def objects_tagged(kind: ObjectKind, tags: str) -> Q:
    """Routing objects that have every word of `tags`, found along an index.

    No database guesses well whether to begin with a word or with the order of the list. Where few
    objects have a word they are named, and looked up; where many have it a page of them is soon
    found in the order of the list, with one look for each.
    """
    words = words_of(tags)
    for word in words:
        few = _few(kind, word)
        if few is not None:
            return Q(pk__in=_with_all(few, words))
    wanted = Q()
    for word in words:
        wanted &= Q(Exists(TaggedObject.objects.filter(object=OuterRef("pk"), word=word)))
    return wanted


def _few(kind: ObjectKind, word: str) -> list[UUID] | None:
    """The objects that have a word, None where they are many."""
    rows = TaggedObject.objects.filter(kind=kind, word=word).order_by()
    found = list(rows.values_list("object_id", flat=True)[: FEW + 1])
    return found if len(found) <= FEW else None


def _with_all(few: list[UUID], words: Iterable[str]) -> list[UUID]:
    for word in words:
        rows = TaggedObject.objects.filter(object__in=among(few), word=word).order_by()
        few = list(rows.values_list("object_id", flat=True))
    return few


def tagged(tags: str) -> Q:
    """Rows that have every word of `tags`, of a table with few: each is looked at."""
    wanted = Q()
    for word in words_of(tags):
        wanted &= Q(GreaterThan(StrIndex(FENCED, Value(f" {word} ")), 0))
    return wanted


def words_on(kind: ObjectKind) -> tuple[str, ...]:
    """The words that objects of a kind have, in order, the first hundred; each is one step along
    the index, however many objects have it."""
    table = TaggedObject._meta.db_table
    smallest = f"SELECT MIN(word) FROM {table} WHERE kind = %s"
    # Values are parameters, the name of the table is ours.
    query = (
        f"WITH RECURSIVE words(word) AS ({smallest} UNION ALL"
        f" SELECT ({smallest} AND {table}.word > words.word) FROM words"
        " WHERE words.word IS NOT NULL)"
        " SELECT word FROM words WHERE word IS NOT NULL LIMIT %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [kind.value, kind.value, MOST_WORDS])
        return tuple(row[0] for row in cursor.fetchall())


def words_among(identities: Iterable[UUID]) -> tuple[str, ...]:
    """The words that these objects have, in order, the first hundred."""
    found = TaggedObject.objects.filter(object__in=among(identities)).order_by("word")
    return tuple(found.values_list("word", flat=True).distinct()[:MOST_WORDS])


def words_of_rows(rows: QuerySet[RelayTarget] | QuerySet[MailHost]) -> tuple[str, ...]:
    """The words that the rows of a small table have."""
    texts = rows.exclude(tags="").order_by().values_list("tags", flat=True).distinct()
    return distinct_words(texts)[:MOST_WORDS]
