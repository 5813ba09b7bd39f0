"""How long it takes to find what is odd about every line of a table.

    .venv/bin/python -m bench.shadow [--lines 1000000]

No database: objects as values in, findings out. Half of the lines are virtual domains, the others
routes to the relay target, which are redundant, and to hosts of their own.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from uuid import UUID

from routing.core.intent import Intent, ObjectKind, RelayTarget, RoutingObject
from routing.core.oddities import odd_lines
from tests.unit.routing.values import FACTS

RELAY = RelayTarget(UUID(int=1), "smtp1", ("smtp1.renater.fr",))


def some_object(number: int) -> RoutingObject:
    """Of four: two virtual domains, a redundant route, and one to a host of its own."""
    identity, name = UUID(int=number + 10), f"liste{number}.example.org"
    match number % 4:
        case 0:
            return RoutingObject(identity, ObjectKind.ROUTE, name, relay_target=RELAY.id)
        case 1:
            hop = f"[host{number % 100}.example]"
            key = f".{name}"
            return RoutingObject(identity, ObjectKind.ROUTE, key, mailer="esmtp", next_hop=hop)
    return RoutingObject(identity, ObjectKind.VIRTUAL_DOMAIN, name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    lines = parser.parse_args().lines
    default = RoutingObject(UUID(int=2), ObjectKind.ROUTE, ".", relay_target=RELAY.id)
    objects = (default, *(some_object(number) for number in range(lines - 1)))
    intent = Intent("listes", objects, (RELAY,))
    began = time.process_time()
    found = Counter(one.kind for one in odd_lines(intent, FACTS))
    spent = time.process_time() - began
    told = ", ".join(f"{count} {kind}" for kind, count in found.items())
    print(f"{lines} lines, {told}")
    print(f"{spent:8.2f} seconds of CPU, {spent / lines * 1e6:.2f} microseconds a line")


if __name__ == "__main__":
    main()
