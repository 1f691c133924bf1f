"""Lines: server-sent events out of a stream of bytes; pure."""


class Lines:
    """Cuts the bytes of a server-sent event stream into the payloads of its `data:` lines.

    Only line feeds end a line: JSON may hold other characters that text libraries take for line ends. Empty payloads
    are left out: gateways send them to keep a connection alive.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The payloads that are complete with `chunk`."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        payloads = (line[5:].strip() for line in lines if line.startswith(b"data:"))
        return [payload for payload in payloads if payload]
