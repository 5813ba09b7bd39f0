"""What somebody keeps of a list: the columns they want to see, and filters by a name of their own.

`place` is the name of the list, such as `domain`; its address has the name `domain-list`.
"""

from __future__ import annotations

import uuid

from django.db import models

from mailadmin.people.models import Person

PLACE_LENGTH = 40
COLUMNS_LENGTH = 400
NAME_LENGTH = 60
QUERY_LENGTH = 1000


class ChosenColumns(models.Model):
    """The columns of one list that one person wants, their names with blanks between."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="columns")
    place = models.CharField(max_length=PLACE_LENGTH)
    columns = models.CharField(max_length=COLUMNS_LENGTH, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "place"], name="columns_once_per_list"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.place}"


class SavedFilter(models.Model):
    """What the address of a list asks for, by a name. `query` is that of the address.

    A shared one is offered to everybody; its owner may change it, and an administrator.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="filters")
    place = models.CharField(max_length=PLACE_LENGTH)
    name = models.CharField(max_length=NAME_LENGTH)
    query = models.CharField(max_length=QUERY_LENGTH)
    shared = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "place", "name"], name="filter_name_once_per_person"
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="filter_has_a_name"),
        ]
        indexes = [models.Index(fields=["place", "shared"], name="filters_of_a_list")]

    def __str__(self) -> str:
        return self.name

    @property
    def as_shown(self) -> str:
        """What a page of it may change, in one text: two that differ were not the same page."""
        return f"{'shared' if self.shared else 'own'} {self.name}"
