"""One value, one spelling: the JSON that is signed, digested and compared.

The form is JSON with sorted keys, no spaces and UTF-8; floats are refused because two
programs need not write the same number the same way.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import NoReturn, TypeAlias

Json: TypeAlias = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]

MAX_DEPTH = 40


class CanonicalError(ValueError):
    """A value or a text has no canonical form; `where` is a path such as `$.rows[3].name`."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


def canonical(value: Json) -> bytes:
    """The bytes of `value`. Raises CanonicalError for floats, other types, lone surrogates
    and nesting deeper than MAX_DEPTH."""
    plain = _plain(value, "$", 0)
    text = json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode("utf-8")


def parse(text: str) -> Json:
    """Read a canonical text back. A text that is JSON but not in canonical form is refused, so
    that no two different texts can mean the same message."""
    try:
        value: Json = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except CanonicalError:
        raise
    except (ValueError, RecursionError) as error:
        raise CanonicalError("$", f"not JSON: {error}") from None
    if canonical(value) != text.encode("utf-8", "surrogatepass"):
        raise CanonicalError("$", "not in canonical form (sorted keys, no spaces, UTF-8)")
    return value


def digest_of(data: bytes) -> str:
    """SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _plain(value: object, where: str, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise CanonicalError(where, f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        return _text(value, where)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {
            _key(key, where): _plain(item, f"{where}.{key}", depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(item, f"{where}[{n}]", depth + 1) for n, item in enumerate(value)]
    raise CanonicalError(where, f"{type(value).__name__} cannot cross the wire; use text or int")


def _text(value: str, where: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise CanonicalError(where, "text with a lone surrogate is not UTF-8") from None
    # A StrEnum is a str; json would write it correctly, but the plain type is what comes back.
    return str(value)


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise CanonicalError(where, f"the key {key!r} is not text")
    return _text(key, f"{where} (key)")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise CanonicalError("$", "a key occurs twice in one object")
    return found


def _no_float(text: str) -> NoReturn:
    raise CanonicalError("$", f"{text} is not a whole number; floats do not cross the wire")
