"""Where mail goes, as a picture and as words. Pure: nodes and arrows in, places out.

Every label stands in the box of its source with the name of the target, where its arrow begins, and
every arrow has an end of its own: between the two columns there are lines alone, so that none runs
over words, and no line must be followed to know where it leads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate

WIDTH, BOX_WIDTH = 680, 256
"""The picture is shown where a card has that much room, so that its letters keep their size."""
GAP, INSET, TIP = 16, 14, 3
HEAD, LINE, FOOT = 50, 22, 8
"""Height of a source's name and note, of one way below them, and of what is under the last."""
TARGET_HEIGHT = 54
LETTER, WIDE_LETTER = 7.0, 8.2
"""What a letter of a note and one of a name takes at most on average, at 13 and 14 px."""


@dataclass(frozen=True, slots=True)
class Link:
    """One of the things that a node stands for."""

    name: str
    href: str


@dataclass(frozen=True, slots=True)
class Node:
    """One box; `kind` colours its edge, "" is no state. `members` are named where it is several."""

    id: str
    name: str
    note: str
    href: str
    kind: str = ""
    members: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """An arrow. kind ok is solid, bad dashed, unk dotted; `label` says what takes it."""

    source: str
    target: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Topology:
    """Where mail goes: sources at the left, targets at the right, each in their order."""

    sources: tuple[Node, ...] = ()
    targets: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A node with its place in the picture; `name` and `note` are cut to its width."""

    node: Node
    x: int
    y: int
    height: int
    width: int = BOX_WIDTH

    @property
    def text_x(self) -> int:
        """Where its words begin."""
        return self.x + INSET

    @property
    def name(self) -> str:
        """Its name, as far as there is room."""
        return fitted(self.node.name, self.width - 2 * INSET, WIDE_LETTER)

    @property
    def note(self) -> str:
        """Its note, as far as there is room."""
        return fitted(self.node.note, self.width - 2 * INSET, LETTER)


@dataclass(frozen=True, slots=True)
class Arrow:
    """An edge with its path. In its source's box stand, on the line `label_y`, `label` from
    `label_x` on and the target's name, `to`, up to `to_x`."""

    edge: Edge
    source: Node
    target: Node
    label: str
    label_x: int
    to: str
    to_x: int
    label_y: int
    start: tuple[int, int]
    end: tuple[int, int]

    @property
    def path(self) -> str:
        """A curve that leaves and arrives level."""
        (x1, y1), (x2, y2) = self.start, self.end
        middle = (x1 + x2) // 2
        return f"M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"


@dataclass(frozen=True, slots=True)
class Ways:
    """One source: its box, its node and its arrows."""

    box: Box
    source: Node
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The topology as drawn."""

    boxes: tuple[Box, ...]
    targets: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    words: tuple[Ways, ...]
    height: int
    note: str
    width: int = WIDTH

    @property
    def groups(self) -> tuple[Node, ...]:
        """Boxes that stand for several, named below the picture."""
        return tuple(box.node for box in self.boxes if box.node.members)


def fitted(text: str, room: int, letter: float = LETTER) -> str:
    """As much of a text as `room` pixels hold; what was cut ends in "…"."""
    most = int(room / letter)
    return text if len(text) <= most else f"{text[: most - 1].rstrip(' ,')}…"


def drawn(topology: Topology) -> Picture:
    """Give every box, label and arrow its place; the shorter column is spread over the height."""
    known = {node.id for node in (*topology.sources, *topology.targets)}
    edges = [edge for edge in topology.edges if {edge.source, edge.target} <= known]
    rank = {node.id: at for at, node in enumerate(topology.targets)}
    edges.sort(key=lambda edge: rank[edge.target])
    ways = {node.id: [e for e in edges if e.source == node.id] for node in topology.sources}
    heights = [HEAD + LINE * len(ways[node.id]) + FOOT for node in topology.sources]
    columns = (heights, [TARGET_HEIGHT] * len(topology.targets))
    height = max((_used(column) for column in columns), default=0) + 2 * TIP
    left = _column(topology.sources, heights, TIP, height)
    right = _column(topology.targets, columns[1], WIDTH - TIP - BOX_WIDTH, height)
    arrows = tuple(_arrows(left, {box.node.id: box for box in right}, ways))
    words = tuple(
        Ways(box, box.node, tuple(a for a in arrows if a.source is box.node)) for box in left
    )
    return Picture((*left, *right), right, arrows, words, height, topology.note)


def _used(heights: list[int]) -> int:
    return sum(heights) + GAP * max(0, len(heights) - 1)


def _column(nodes: tuple[Node, ...], heights: list[int], x: int, height: int) -> tuple[Box, ...]:
    """Spread: what is left over stands above, between and below in equal parts."""
    spare = (height - 2 * TIP - _used(heights)) / (len(nodes) + 1)
    tops = accumulate(heights, lambda top, tall: top + tall + GAP + spare, initial=TIP + spare)
    return tuple(
        Box(node, x, int(top), tall) for node, tall, top in zip(nodes, heights, tops, strict=False)
    )


def _arrows(
    sources: Iterable[Box], targets: Mapping[str, Box], ways: Mapping[str, list[Edge]]
) -> Iterable[Arrow]:
    """In the order of sources and of their lines; at a target they arrive in that order too."""
    arriving: dict[str, int] = {}
    total = {
        node: sum(edge.target == node for found in ways.values() for edge in found)
        for node in targets
    }
    for box in sources:
        for line, edge in enumerate(ways[box.node.id]):
            target, y = targets[edge.target], box.y + HEAD + LINE * line + LINE // 2
            arriving[edge.target] = arriving.get(edge.target, 0) + 1
            step = target.height * arriving[edge.target] / (total[edge.target] + 1)
            label, to = _beside(edge.label, target.node.name, box.width - 2 * INSET)
            yield Arrow(
                edge=edge,
                source=box.node,
                target=target.node,
                label=label,
                label_x=box.text_x,
                to=to,
                to_x=box.x + box.width - INSET,
                label_y=y + 4,
                start=(box.x + box.width, y),
                end=(target.x - TIP, target.y + round(step)),
            )


def _beside(label: str, name: str, room: int) -> tuple[str, str]:
    """Both on one line. The name is cut first, but keeps a third: it says where the arrow leads."""
    rest = room - INSET - min(len(name) * LETTER, room / 3)
    shown = fitted(label, int(rest))
    return shown, fitted(name, int(room - INSET - len(shown) * LETTER))
