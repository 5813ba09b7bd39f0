"""For commands that read a list server by its own agent: ask, and wait for what it found."""

from __future__ import annotations

import time

from django.core.management.base import CommandError

from mailadmin.audit.services import IMPORT
from routing.core.adopt.reading import FilesRead, ReadingState
from routing.models import MailHost, Reading
from routing.services.reading import ask_reading

POLL_S = 0.2


def reading_of(host: MailHost, seconds: float) -> FilesRead:
    """What the agent of a running site found. Raises NotAllowed where there is none to ask, and
    CommandError where it did not answer in time or could not."""
    asked = ask_reading(host=host, by=IMPORT)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        reading = Reading.objects.select_related("attempt").get(pk=asked.pk)
        if reading.state == ReadingState.FAILED:
            raise CommandError(f"Nothing was read. {reading.why}")
        if (found := reading.read()) is not None:
            return found
        time.sleep(POLL_S)
    raise CommandError(
        f"The agent of {host.name} did not answer in {seconds:.0f} s. Do the control worker and the"
        " agent run?"
    )
