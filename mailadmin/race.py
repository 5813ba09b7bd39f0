"""Two writers who want the same unique value at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import IntegrityError, transaction

Given = ParamSpec("Given")
Written = TypeVar("Written")


def looks_again(write: Callable[Given, Written]) -> Callable[Given, Written]:
    """A write that looks before it writes, run once more when another one was in between.

    PostgreSQL lets two writers look at once, and refuses the second one's row: by then its look
    would see the first one's, so the second try says in words what is wrong.
    """

    @wraps(write)
    def written(*args: Given.args, **kwargs: Given.kwargs) -> Written:
        try:
            with transaction.atomic():
                return write(*args, **kwargs)
        except IntegrityError:
            return write(*args, **kwargs)

    return written
