"""An impostor: what speaks like a PostgreSQL that refuses, or is none that the labs can use."""

from __future__ import annotations

import socket
import struct
import threading

STARTING = (b"E", b"SFATAL\x00C57P03\x00Mthe database system is starting up\x00\x00")
CLOSED = (b"E", b"SFATAL\x00C28000\x00Mno pg_hba.conf entry\x00\x00")


class Impostor:
    """Speaks just enough of the protocol to let a client in, or to send it away."""

    def __init__(self, *answers: tuple[bytes, bytes]) -> None:
        self._answers = b"".join(
            kind + struct.pack("!i", len(body) + 4) + body for kind, body in answers
        )
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.url = f"postgresql://ada@127.0.0.1:{self.port}/shop"
        self._thread = threading.Thread(target=self._serve)

    def _serve(self) -> None:
        try:
            while True:
                with self._listening.accept()[0] as client:
                    length, code = struct.unpack("!ii", client.recv(8))
                    if code in (80877103, 80877104):  # a wish for TLS or GSS encryption
                        client.sendall(b"N")
                        length, code = struct.unpack("!ii", client.recv(8))
                    client.recv(length - 8)
                    client.settimeout(5)
                    client.sendall(self._answers)
                    client.recv(1)
        except OSError:
            return

    def __enter__(self) -> Impostor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
