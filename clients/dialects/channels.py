"""gRPC channels to one server, with TLS where its address asks for it."""

from pathlib import Path
from typing import Any

import grpc
from tritonclient.grpc import service_pb2, service_pb2_grpc

from streams.errors import SettingInvalid
from streams.secret import FileMarks
from streams.tls import Tls, TlsContext

ENCRYPTED = "grpcs://"
DECRYPT = "decrypt it (openssl pkey): gRPC takes no password for a key"

CHANNEL_OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    # A host that vanishes says nothing: without pings, calls on its connection time out for a quarter of an hour.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # By default gRPC backs off up to two minutes, in which a server that has come back stays unused.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
)


INFER = "/inference.GRPCInferenceService/ModelStreamInfer"


class Stub(service_pb2_grpc.GRPCInferenceServiceStub):  # type: ignore[misc] # it ships no types
    """Triton's stub, but that an inference takes one request, already encoded. On the wire that is the same, a stream
    with one message; here it needs one task and not three, since nothing is to be written later."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        super().__init__(channel)
        answer = service_pb2.ModelStreamInferResponse.FromString
        self.ModelStreamInfer = channel.unary_stream(INFER, response_deserializer=answer)


class Channels:
    """The channel in use and its stub. After a certificate was renewed another takes its place; calls that run on the
    one before end there. For one event loop."""

    def __init__(self, url: str, tls: Tls) -> None:
        self._target, self._encrypted, self._tls = url.removeprefix(ENCRYPTED), url.startswith(ENCRYPTED), tls
        if self._encrypted:
            TlsContext(tls)  # what is wrong with the files is said now, and by their names
            if tls.password() is not None:
                raise SettingInvalid("model.tls.key_password: the key has a password", DECRYPT)
        self._marks = FileMarks(*((tls.ca_file, tls.cert_file, tls.key_file) if self._encrypted else ()))
        self._made: list[Any] = []
        self._stub: Any = None

    def stub(self) -> Any:
        """Triton's stub on the channel in use. Made here because a channel belongs to the loop that runs now."""
        if self._stub is None or self._marks.changed():
            self._marks.seen()
            self._made.append(self._channel())
            self._stub = Stub(self._made[-1])
        return self._stub

    async def close(self) -> None:
        """End the running calls and the connections. Again is harmless."""
        for channel in self._made:
            await channel.close()

    def _channel(self) -> Any:
        if not self._encrypted:
            return grpc.aio.insecure_channel(self._target, options=CHANNEL_OPTIONS)
        files = self._tls.ca_file, self._tls.key_file, self._tls.cert_file
        credentials = grpc.ssl_channel_credentials(*map(_bytes, files))
        return grpc.aio.secure_channel(self._target, credentials, options=CHANNEL_OPTIONS)


def _bytes(path: Path | None) -> bytes | None:
    return path.read_bytes() if path is not None else None
