"""Person: the custom user, and the roles that a person holds."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models

from mailadmin.people.roles import Permission, PersonRole, permissions_of


class Person(AbstractBaseUser):
    """Somebody who signs in. Roles are rows of their own; there is no superuser that skips them."""

    username = models.CharField(max_length=60, unique=True, validators=[UnicodeUsernameValidator()])
    full_name = models.CharField(max_length=120)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[BaseUserManager[Self]] = BaseUserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]

    def __str__(self) -> str:
        return self.full_name

    def get_full_name(self) -> str:
        """The name shown beside what this person did."""
        return self.full_name

    @cached_property
    def role_set(self) -> frozenset[PersonRole]:
        """The roles held, read once per request."""
        return frozenset(PersonRole(row.role) for row in self.roles.all())

    def may(self, permission: Permission) -> bool:
        """Whether one of the roles grants it; somebody inactive may nothing."""
        return self.is_active and permission in permissions_of(self.role_set)

    @property
    def is_staff(self) -> bool:
        """Administrators see the site's own pages (the component sheet, people)."""
        return self.may(Permission.ADMINISTER)


class PasswordLink(models.Model):
    """The one link with which somebody may set their password. Used, it is gone.

    Only the digest of its secret is kept: who reads the database opens no account with it.
    """

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="link")
    digest = models.CharField(max_length=64, unique=True)
    made_by = models.CharField(max_length=120)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"link of {self.person}"


class HeldRole(models.Model):
    """One role of one person."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(
        max_length=20, choices=[(role.value, role.value) for role in PersonRole]
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "role"], name="one_role_once_per_person"),
            models.CheckConstraint(
                condition=models.Q(role__in=[role.value for role in PersonRole]),
                name="held_role_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.role}"
