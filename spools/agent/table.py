"""What is known of the messages of one queue directory: a row each, in columns.

Half a million messages are 60 bytes each and their names this way, where an object for each would
be several hundred.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from spools.core.totals import NO_TIME, Entry

NO_DATA_FILE = 2**64 - 1
UNCOUNTED = 255
"""The state of what is not counted: a young data file without a control file."""
CONTROL, DATA = 1, 2
"""Bits of `has`: which files a message has."""


class Table:
    """Columns by row. `rows` finds the row of an id; a free row has no name."""

    def __init__(self) -> None:
        self.rows: dict[bytes, int] = {}
        self.free: list[int] = []
        self.names: list[bytes] = []
        """The id, as bytes: b"" of a free row."""
        self.has = bytearray()
        self.letters = bytearray()
        """The first letter of the control file's name, 0 without one."""
        self.control = array("Q")
        """Inode of the control file, 0 without one."""
        self.data = array("Q")
        self.state = bytearray()
        self.created = array("I")
        self.last_try = array("I")
        self.reason = array("I")
        self.queue_bytes = array("I")
        self.data_bytes = array("Q")
        self.changed = array("Q")
        """When the control file was changed last, in nanoseconds."""
        self.domains: list[bytes] = []

    def __len__(self) -> int:
        return len(self.rows)

    def add(self, identity: bytes) -> int:
        """A row for this id, with no file yet: a free one, or one at the end that `grow` makes."""
        if self.free:
            row = self.free.pop()
            self.names[row] = identity
        else:
            row = len(self.names)
            self.names.append(identity)
            self.has.append(0)
            self.letters.append(0)
            self.control.append(0)
            self.data.append(0)
        self.rows[identity] = row
        return row

    def grow(self) -> None:
        """Make the other columns as long as those of `add`."""
        more = len(self.names) - len(self.state)
        self.state.extend(bytes([UNCOUNTED]) * more)
        self.created.extend([NO_TIME] * more)
        for column in (self.last_try, self.reason, self.queue_bytes):
            column.frombytes(bytes(4 * more))
        self.changed.frombytes(bytes(8 * more))
        self.data_bytes.extend([NO_DATA_FILE] * more)
        self.domains.extend([b""] * more)

    def entry(self, row: int) -> Entry | None:
        """What of it counts in the totals, None when it does not count."""
        state = self.state[row]
        if state == UNCOUNTED:
            return None
        size = self.data_bytes[row]
        return Entry(
            state,
            self.created[row],
            self.last_try[row],
            self.reason[row],
            self.domains[row],
            self.queue_bytes[row],
            0 if size == NO_DATA_FILE else size,
        )

    def forget(self, row: int) -> None:
        """The message is gone."""
        del self.rows[self.names[row]]
        self.names[row], self.domains[row] = b"", b""
        self.has[row] = self.letters[row] = 0
        self.control[row] = self.data[row] = 0
        self.state[row], self.created[row] = UNCOUNTED, NO_TIME
        self.free.append(row)

    def control_name(self, row: int) -> bytes:
        return bytes((self.letters[row], ord("f"))) + self.names[row]

    def entries(self) -> Iterator[Entry]:
        """Of every row that counts."""
        entries = (self.entry(row) for row in range(len(self.names)))
        return (entry for entry in entries if entry is not None)
