"""A port where a connection is taken and nothing is said until the test lets it through."""

from __future__ import annotations

import socket
import threading

SECONDS = 60.0


class Gate:
    """Holds one connection, then joins it with another port."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(SECONDS)
        self.port: int = self._listener.getsockname()[1]
        self._ends: list[socket.socket] = []
        self._pumps: list[threading.Thread] = []

    def open_to(self, port: int) -> None:
        """Let the held connection through to this port."""
        outside, _ = self._listener.accept()
        inside = socket.create_connection(("127.0.0.1", port))
        for source, target in ((outside, inside), (inside, outside)):
            pump = threading.Thread(target=_pump, args=(source, target))
            pump.start()
            self._pumps.append(pump)
        self._ends += [outside, inside]

    def close(self) -> None:
        """Returns when both sides have ended."""
        self._listener.close()
        for pump in self._pumps:
            pump.join()
        for end in self._ends:
            end.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    while data := source.recv(65536):
        target.sendall(data)
    target.shutdown(socket.SHUT_WR)
