"""Which release a link of a mail host names: read by both of its agents, written by one."""

from __future__ import annotations

from pathlib import Path

from mailadmin.wire.core.fields import DIGEST


class StrangeLink(Exception):
    """There is something in the link's place that we did not make; the text says what to do."""


def linked_release(link: Path) -> str:
    """The digest that a link such as `current` names, "" when there is no such link.

    Raises StrangeLink.
    """
    try:
        target = link.readlink()
    except FileNotFoundError:
        return ""
    except OSError as error:
        text = f"{link} is not a link: {error.strerror}. Put it right by hand."
        raise StrangeLink(text) from None
    if target.parent.as_posix() != "releases" or not DIGEST.fullmatch(target.name):
        text = f"{link} leads to {target}, not to a release. Put it right by hand."
        raise StrangeLink(text)
    return target.name
