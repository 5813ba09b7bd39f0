"""Rows by the words of their tags, and the words that there are."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import F, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat, StrIndex
from django.db.models.lookups import GreaterThan

from routing.core.intent import ObjectKind
from routing.core.tags import distinct_words, words_of
from routing.models import MailHost, RelayTarget, TaggedObject
from routing.queries.among import among

FENCED = Concat(Value(" "), F("tags"), Value(" "), output_field=TextField())
MOST_WORDS = 100
"""In a menu."""


def objects_tagged(kind: ObjectKind, tags: str) -> Q:
    """Routing objects that have every word of `tags`, found along an index."""
    wanted = Q()
    for word in words_of(tags):
        found = TaggedObject.objects.filter(kind=kind, word=word)
        wanted &= Q(pk__in=found.values("object_id"))
    return wanted


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
