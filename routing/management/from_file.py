"""For commands that read a file of somebody at a shell."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import CommandError


def text_of(file: Path) -> str:
    """Its text, without a byte order mark. Raises CommandError where it is none."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not UTF-8 text at byte {error.start}.") from error
