"""Fetching: the image of a product, from a host that the settings name, at the very address that was looked at."""

import asyncio
import socket
import ssl
from collections.abc import Callable

import httpx

from agents.products.images import (
    HTTPS,
    Allows,
    ImageRefused,
    ProductRules,
    Source,
    image_type,
    is_public,
    source,
)
from clients.calls import Image

OK = 200
_HEADERS = {"Accept": "image/png, image/jpeg, image/webp", "Accept-Encoding": "identity", "User-Agent": "penchant"}


class ImageFetcher:
    """Fetches by the rules. `allows` says which addresses may be connected to, `tls` what servers are trusted by."""

    def __init__(
        self,
        rules: ProductRules,
        allows: Allows = is_public,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._rules, self._allows, self._make_tls = rules, allows, tls
        self._tls: ssl.SSLContext | None = None

    async def __call__(self, url: str) -> Image:
        """The image of a URL. Raises ImageRefused."""
        where = source(url, self._rules.image_hosts)
        if self._tls is None:
            self._tls = await asyncio.to_thread(self._make_tls)
        try:
            async with asyncio.timeout(self._rules.image_timeout_s):
                data = await self._read(where, await self._address(where))
        except TimeoutError as error:
            raise ImageRefused(f"it took longer than {self._rules.image_timeout_s:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise ImageRefused(f"its server cannot be read: {type(error).__name__}") from error
        return Image(url, image_type(data), data)

    async def _address(self, where: Source) -> str:
        """One of the host's addresses, when all of them may be connected to."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM)
        addresses = [str(address[0]) for *_, address in found]
        if not addresses or not all(map(self._allows, addresses)):
            raise ImageRefused("its host has an address that is not public")
        return addresses[0]

    async def _read(self, where: Source, address: str) -> bytes:
        """The body. The connection goes to the address; certificate and request are for the host's name."""
        literal = f"[{address}]" if ":" in address else address
        name = where.host if where.port == HTTPS else f"{where.host}:{where.port}"
        verify, within_s = self._tls or True, 2 * self._rules.image_timeout_s  # the whole has a bound that ends before
        async with httpx.AsyncClient(verify=verify, trust_env=False, follow_redirects=False, timeout=within_s) as http:
            request = http.build_request(
                "GET", f"https://{literal}:{where.port}{where.path}", headers={**_HEADERS, "Host": name},
                extensions={"sni_hostname": where.host},
            )  # fmt: skip
            answer = await http.send(request, stream=True)
            try:
                return await self._body(answer)
            finally:
                await answer.aclose()

    async def _body(self, answer: httpx.Response) -> bytes:
        if answer.status_code != OK:
            raise ImageRefused(f"its server answers {answer.status_code}; redirects are not followed")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise ImageRefused("it comes compressed")
        data = bytearray()
        async for piece in answer.aiter_raw():
            data += piece
            if len(data) > self._rules.image_bytes:
                raise ImageRefused(f"it has more than {self._rules.image_bytes:,} bytes")
        return bytes(data)
