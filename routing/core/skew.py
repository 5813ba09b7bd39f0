"""How far the clock of a mail host is from ours, in words."""

from __future__ import annotations

IN_STEP_S = 5
"""A report also needs its time to arrive, so less than this says nothing."""
NO_CAUSE_S = 60
"""Less than this is no cause of an order that was taken for expired."""


def skew_words(skew_s: float) -> str:
    """Such as "in step", "12 s behind", "60 min ahead", "3 h ahead"."""
    size = abs(skew_s)
    if size < IN_STEP_S:
        return "in step"
    if size < 100:
        amount = f"{size:.0f} s"
    elif size < 100 * 60:
        amount = f"{size / 60:.0f} min"
    elif size < 72 * 3600:
        amount = f"{size / 3600:.0f} h"
    else:
        amount = f"{size / 86400:.0f} days"
    return f"{amount} {'ahead' if skew_s > 0 else 'behind'}"


def expired_words(host: str, skew_s: float) -> str:
    """Why a host took an order for expired, and what to do; `skew_s` is its clock minus ours."""
    if skew_s < NO_CAUSE_S:
        return f"{host} got the order only when it had run out. Try again."
    return (
        f"The clock of {host} is {skew_words(skew_s)}, so it took the order for expired and did"
        " nothing. Set its clock, then try again."
    )
