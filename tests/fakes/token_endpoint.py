"""A token endpoint: client credentials in, tokens out that are signed and can be verified by its published key."""

import base64
import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

CLIENT = "penchant-client"


class TokenEndpoint:
    """At `token_url` and `jwks_url`, in a thread. A token is `subject`'s; `secret` may be changed; `asked` counts."""

    def __init__(self, folder: Path, subject: str, secret: str, lifetime_s: float = 300.0) -> None:
        self._key, self.subject, self.secret, self.lifetime_s = folder / "token.key", subject, secret, lifetime_s
        self.asked = 0
        _openssl("genrsa", "-out", self._key, "2048")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="token endpoint")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def token_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/token"

    @property
    def jwks_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/jwks"

    def token(self) -> str:
        """A JSON Web Token by RS256."""
        now_s = int(time.time())
        claims = {"sub": self.subject, "aud": "kafka", "iat": now_s, "exp": now_s + int(self.lifetime_s)}
        signed = b".".join(_encoded(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "k"}, claims))
        signature = _openssl("dgst", "-sha256", "-sign", self._key, given=signed)
        return (signed + b"." + _encoded(signature)).decode()

    def keys(self) -> dict[str, Any]:
        """The public key, as JSON Web Keys."""
        modulus = _openssl("rsa", "-in", self._key, "-noout", "-modulus").decode().strip().partition("=")[2]
        n = _encoded(bytes.fromhex(modulus)).decode()
        return {"keys": [{"kty": "RSA", "kid": "k", "alg": "RS256", "use": "sig", "n": n, "e": "AQAB"}]}

    def answer(self, login: str, form: str) -> tuple[int, dict[str, Any]]:
        """Status and answer to one who asks for a token."""
        self.asked += 1
        wanted = base64.b64encode(f"{CLIENT}:{self.secret}".encode()).decode()
        if login != f"Basic {wanted}" or "grant_type=client_credentials" not in form:
            return 401, {"error": "invalid_client"}
        return 200, {"access_token": self.token(), "token_type": "Bearer", "expires_in": self.lifetime_s}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(200, endpoint.keys())

            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._say(*endpoint.answer(self.headers.get("Authorization", ""), form))

            def _say(self, status: int, answer: dict[str, Any]) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        return Handler


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _openssl(*arguments: str | Path, given: bytes = b"") -> bytes:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, input=given, check=True, capture_output=True, timeout=30).stdout
