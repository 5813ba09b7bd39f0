"""What the DNS says of a local host: whether the list server can hand it mail, and where else it is
sent.

The table sends its mail to the addresses of its own name and asks no MX; the rest of the world goes
by the MX. So an address is a must, and an MX that leads elsewhere is only told.
"""

from __future__ import annotations

from routing.core.dns.answers import HostAnswer, MxAnswer
from routing.core.dns.judge import Judged, Mark, Trouble, bad_part


def judge_local_address(name: str, answer: HostAnswer | None) -> Judged:
    """Whether the name has an address to which its mail can be handed."""
    if answer is None or not answer.outcome.known:
        return Judged(Mark.UNKNOWN, "")
    if answer.addresses:
        return Judged(Mark.GOOD, "")
    text = (
        f"{name} has no address in the DNS that is asked here: what the list server has for it"
        " waits in its spool, and is given back after days."
    )
    advice = "Publish an address; or make it a route to the host that has its mail."
    return bad_part(Trouble.LOCAL_NO_ADDRESS, "no address", name, text, advice, "")


def judge_local_mx(name: str, answer: MxAnswer | None, own: HostAnswer | None) -> Judged:
    """Where mail for it from elsewhere goes, in a sentence; bad only where nobody can write."""
    if answer is None or not answer.outcome.known:
        return Judged(Mark.UNKNOWN, "")
    if answer.is_null:
        text = (
            f"The MX of {name} says that it takes no mail at all, and the list server hands it mail"
            " all the same: others cannot write there, and it may refuse what comes."
        )
        advice = "Publish no MX, or another one; or delete the local host."
        return bad_part(Trouble.LOCAL_NULL_MX, "takes no mail", name, text, advice, "")
    if not answer.exchanges:
        return Judged(Mark.GOOD, "Mail from elsewhere goes to its own address.")
    dead = [host for host in answer.hosts if host.outcome.known and not host.addresses]
    if len(dead) == len(answer.hosts):
        names = " and ".join(dict.fromkeys(host.name for host in dead))
        text = f"The MX of {name} is {names}, which has no address: only the lists reach it."
        advice = "Publish an address for it, or another MX."
        return bad_part(Trouble.MX_NO_ADDRESS, "no address", name, text, advice, "")
    ours = {*own.addresses} if own else set()
    here = [h for h in answer.hosts if h.name == name or {*h.addresses} & ours]
    if here:
        return Judged(Mark.GOOD, "")
    return Judged(Mark.GOOD, "Mail from elsewhere goes by it.")
