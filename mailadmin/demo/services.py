"""What a person does to the demonstration, each with its event."""

from __future__ import annotations

from django.db import transaction

from mailadmin.audit.services import Happened, record
from mailadmin.demo.stage import Behaviour, Stage
from mailadmin.people.models import Person
from mailadmin.people.services import actor


def set_behaviour(*, stage: Stage, sink: str, behaviour: Behaviour, by: Person) -> None:
    """Break a mail server, or mend it. Raises OSError; then nothing was recorded."""
    with transaction.atomic():
        happened = Happened(
            action="demo.set",
            subject=sink,
            old={"behaviour": stage.behaviour(sink).value},
            new={"behaviour": behaviour.value},
        )
        record(by=actor(by), happened=happened)
        stage.behave(sink, behaviour)


def send_messages(*, stage: Stage, count: int, by: Person) -> None:
    """Submit messages on the list server as Sympa does. Raises OSError."""
    with transaction.atomic():
        happened = Happened(action="demo.sent", subject="listes", new={"messages": count})
        record(by=actor(by), happened=happened)
        stage.send(count)
