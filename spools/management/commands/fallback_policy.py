"""`manage.py fallback_policy HOST --mode ask [--age 30] [--depth 1] … --reason TEXT`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mailadmin.audit.services import SETUP
from spools.core.policy import Mode, Policy
from spools.models import FallbackPolicy
from spools.queries.fallback import servers
from spools.services.errors import NotAllowed
from spools.services.policies import save_policy

MINUTE_S = 60


class Command(BaseCommand):
    """Put the fallback policy of a list server in force, as set-up does; what is not given is as
    the default has it. One that starts runs by itself is saved on its page: it takes two people.
    """

    help = "Put the fallback policy of a list server in force."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The fields of the page, with its units."""
        least = Policy()
        parser.add_argument("host")
        parser.add_argument("--mode", choices=[Mode.OFF.value, Mode.ASK.value], default=least.mode)
        parser.add_argument("--age", type=int, default=least.age_s // MINUTE_S, help="minutes")
        parser.add_argument("--depth", type=int, default=least.depth, help="messages")
        parser.add_argument("--pause", type=int, default=least.pause_s // MINUTE_S, help="minutes")
        parser.add_argument("--most-runs", type=int, default=least.most_runs, help="in 24 hours")
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what is in force, or everything that is wrong."""
        server = next((host for host in servers() if host.name == options["host"]), None)
        if server is None:
            raise CommandError(f"There is no list server {options['host']} in service.")
        before = FallbackPolicy.objects.filter(server=server).first()
        policy = Policy(
            mode=Mode(options["mode"]),
            age_s=options["age"] * MINUTE_S,
            depth=options["depth"],
            pause_s=options["pause"] * MINUTE_S,
            most_runs=options["most_runs"],
        )
        try:
            save_policy(
                server=server,
                version=before.version if before else 0,
                policy=policy,
                reason=options["reason"],
                by=SETUP,
            )
        except NotAllowed as error:
            raise CommandError(" ".join(error.reasons)) from error
        self.stdout.write(f"The fallback policy of {server.name} is in force: {policy.mode}.")
