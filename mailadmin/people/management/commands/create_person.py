"""`manage.py create_person USERNAME --name "Full Name" --role editor --role approver`."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from mailadmin.audit.services import SETUP
from mailadmin.people.models import Person
from mailadmin.people.roles import PersonRole
from mailadmin.people.services import create_person


class Command(BaseCommand):
    """Make an account; the password is asked for, or read from standard input."""

    help = "Make an account with its roles. The password is read from standard input."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The account's fields, all but the password."""
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="full name")
        parser.add_argument("--email", default="")
        parser.add_argument(
            "--role", action="append", required=True, choices=[role.value for role in PersonRole]
        )
        parser.add_argument(
            "--if-missing", action="store_true", help="do nothing when the account exists"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the person or say everything that is wrong."""
        username = options["username"]
        if options["if_missing"] and Person.objects.filter(username=username).exists():
            return
        try:
            create_person(
                username=username,
                full_name=options["name"],
                email=options["email"],
                password=_password(),
                roles=[PersonRole(role) for role in options["role"]],
                by=SETUP,
            )
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        self.stdout.write(f"{username}: {', '.join(options['role'])}")


def _password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\n")
