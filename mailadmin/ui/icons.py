"""Tabler's icons as inline SVG, drawn as `django-tabler-icons` does.

That package opens its archive anew for each icon, and reads the names of all six thousand: 0.05 s
of work each, which made the first page of every web process wait for more than a second.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO
from xml.etree import ElementTree
from zipfile import ZipFile

SVG = "{http://www.w3.org/2000/svg}"


def draw(name: str, size: int, css: str) -> str:
    """An icon of the outline set. Raises KeyError for a name that there is not.

    It stands beside a word that says the same: readers skip it.
    """
    svg = ElementTree.fromstring(_archive().read(f"outline/{name}.svg"))
    for node in svg.iter():
        node.tag = node.tag.removeprefix(SVG)
    svg.attrib |= {"width": str(size), "height": str(size), "class": css}
    svg.attrib |= {"aria-hidden": "true", "focusable": "false", "stroke-width": "2"}
    return ElementTree.tostring(svg, encoding="unicode")


@cache
def _archive() -> ZipFile:
    """In memory, so that forked processes share no place in a file."""
    return ZipFile(BytesIO(files("tablericons").joinpath("tablericons.zip").read_bytes()))
