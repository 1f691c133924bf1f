"""Images of products: which may be fetched, from where, and what they must be. Pure.

A seller's URL never reaches a model server: what is fetched here is sent as bytes. Whoever writes a catalogue must not
get at what stands in our own network, so every address is looked at before it is connected to.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from streams.section import Seconds, Words, form, section, unit

HTTPS = 443
LONGEST_URL = 2_000

_TRANSLATED = IPv6Network("64:ff9b::/96")
_MAGIC = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))

ImageHost = Annotated[
    str,
    Field(pattern=r"^([A-Za-z0-9-]{1,63}\.)*[A-Za-z][A-Za-z0-9-]{0,62}(:\d{1,5})?$"),
    form("a host name, such as cdn.shop.example, with its port where that is not 443"),
]
ImageBytes = Annotated[int, Field(ge=1_024, le=16_777_216), unit("bytes")]


@section
class ProductRules:
    """How a catalogue is read by `penchant products`."""

    image_hosts: Annotated[tuple[ImageHost, ...], Words] = ()
    """Where images of products may be fetched from, by https, and sent to servers that say `images = true`. Empty: from
    nowhere, and products are understood by their text alone."""
    image_bytes: ImageBytes = 2_000_000
    """The most that an image may have; a larger one is left out."""
    image_timeout_s: Seconds = 10.0
    """How long fetching one may take in all."""


class ImageRefused(ValueError):
    """An image cannot go along; the text says why, and quotes nothing of a seller's."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an image is: the host by name, its port, and the rest of the URL."""

    host: str
    port: int
    path: str


Allows = Callable[[str], bool]
"""Whether an IP address may be connected to."""


def source(url: str, hosts: Collection[str]) -> Source:
    """The source that a URL names, where it is one of these hosts. Raises ImageRefused."""
    try:
        parts = urlsplit(url)
        port = parts.port or HTTPS
    except ValueError as error:
        raise ImageRefused("its URL is none") from error
    if len(url) > LONGEST_URL or not url.isascii() or any(letter <= " " for letter in url):
        raise ImageRefused("its URL is too long, or has other letters than ASCII's visible ones")
    if parts.scheme != "https":
        raise ImageRefused("its URL does not begin with https://")
    if parts.username is not None or parts.password is not None:
        raise ImageRefused("its URL has a user or a password")
    name = (parts.hostname or "").lower()
    known = {host.lower() if ":" in host else f"{host.lower()}:{HTTPS}" for host in hosts}
    if f"{name}:{port}" not in known:
        raise ImageRefused("its host is not one of products.image_hosts")
    return Source(name, port, f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}")


def is_public(address: str) -> bool:
    """Whether an address is one of the open internet: none of this machine, of a private or link-local network, shared,
    reserved or multicast, and none that stands for such a one (mapped, translated, tunnelled)."""
    try:
        one = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(one, IPv6Address):
        if one.sixtofour is not None or one.teredo is not None or one.is_site_local:
            return False
        inner = one.ipv4_mapped or (IPv4Address(int(one) & 0xFFFFFFFF) if one in _TRANSLATED else None)
        if inner is not None:
            one = inner
    return one.is_global and not one.is_multicast and not one.is_reserved


def image_type(data: bytes) -> str:
    """The media type by the first bytes, whatever the server said. Raises ImageRefused for others than PNG, JPEG and
    WebP."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    raise ImageRefused("it is no PNG, JPEG or WebP")
