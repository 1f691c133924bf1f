"""Triton as in a guarded estate: gRPC for whoever shows a certificate, and calls for whoever has the key."""

from collections.abc import Sequence
from pathlib import Path

from sandbox.gpu import answers
from sandbox.gpu.timing import Timing
from sandbox.servers.authority import Authority
from sandbox.servers.triton import TritonServer

KEY = "s3cret-of-triton"
GRPC_HEADER = "triton-grpc-protocol-penchant"
"""Triton puts the first three words before the name of a header that it asks for by gRPC."""


class SecuredTriton(TritonServer):
    """Its gRPC asks for certificates of the authority and for KEY in GRPC_HEADER, its HTTP for KEY as a bearer token.
    Triton has no TLS for HTTP: estates put a proxy before it."""

    def __init__(
        self,
        run_folder: Path,
        authority: Authority,
        *,
        timing: Timing | None = None,
        answer: str = answers.DEFAULT,
    ) -> None:
        super().__init__(run_folder, timing=timing, answer=answer)
        self._authority, self._certificate = authority, authority.issue("triton")

    @property
    def grpc_url(self) -> str:
        """As `model.url` has it."""
        return f"grpcs://{self.grpc_address}"

    def describe(self) -> str:
        """E.g. `tritonserver 2.51.0, simulated GPU, gRPC with certificates and a key`."""
        return f"{super().describe()}, gRPC with certificates and a key"

    def command(self) -> Sequence[str]:
        """As of an open one, guarded."""
        options = {
            "grpc-use-ssl-mutual": "true",
            "grpc-server-cert": self._certificate.cert,
            "grpc-server-key": self._certificate.key,
            "grpc-root-cert": self._authority.ca,
            "grpc-restricted-protocol": f"inference,metadata:penchant={KEY}",
            "http-restricted-api": f"inference:authorization=Bearer {KEY}",
        }
        return [*super().command(), *(f"--{name}={value}" for name, value in options.items())]
