"""Which images may be fetched: hosts on a list, addresses of the open internet, and what the bytes are."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agents.products.images import ImageRefused, ProductRules, Source, image_type, is_public, source

HOSTS = ("cdn.shop.example", "Images.example:8443")
PRIVATE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.1", "224.0.0.1",
    "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
    "fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2001:0:7f00:1::1", "localhost", "",
)  # fmt: skip


def test_a_listed_host_by_https_is_a_source() -> None:
    """With path and query; names in any case, and a port where the list has it."""
    assert source("https://cdn.shop.example/a/b.png?w=2", HOSTS) == Source("cdn.shop.example", 443, "/a/b.png?w=2")
    assert source("https://CDN.shop.example:443", HOSTS) == Source("cdn.shop.example", 443, "/")
    assert source("https://images.example:8443/x#y", HOSTS) == Source("images.example", 8443, "/x")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://cdn.shop.example/a.png", "https://"),
        ("file:///etc/passwd", "https://"),
        ("//cdn.shop.example/a.png", "https://"),
        ("", "https://"),
        ("https://other.example/a.png", "image_hosts"),
        ("https://cdn.shop.example.evil.example/a.png", "image_hosts"),
        ("https://cdn.shop.example:8443/a.png", "image_hosts"),
        ("https://images.example/a.png", "image_hosts"),
        ("https://127.0.0.1/a.png", "image_hosts"),
        ("https://[::1]/a.png", "image_hosts"),
        ("https:///a.png", "image_hosts"),
        ("https://me@cdn.shop.example/a.png", "user or a password"),
        ("https://cdn.shop.example:secret@evil.example/a.png", "user or a password"),
        ("https://cdn.shop.example:99999/a.png", "URL is none"),
        ("https://[::1/a.png", "URL is none"),
        ("https://cdn.shop.example/\u00e4.png", "ASCII"),
        ("https://cdn.shop.example/a b.png", "ASCII"),
        ("https://cdn.shop.example/a\r\nHost:evil", "ASCII"),
        ("https://cdn.shop.example/" + "a" * 2_000, "too long"),
    ],
)
def test_any_other_url_is_refused(url: str, why: str) -> None:
    """With the reason, and nothing of the seller's."""
    with pytest.raises(ImageRefused, match=why) as refused:
        source(url, HOSTS)
    assert not url or url not in str(refused.value)


@given(st.text(max_size=60) | st.text("htps:/.@[]#?\\%cdnshoexamplv1270", max_size=60).map("https://".__add__))
def test_no_url_reaches_another_host(url: str) -> None:
    """Whatever it is: a listed host, or refused."""
    try:
        found = source(url, HOSTS)
    except ImageRefused:
        return
    assert (found.host, found.port) in {("cdn.shop.example", 443), ("images.example", 8443)}
    assert found.path.startswith("/")


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_of_our_own_networks_are_none(address: str) -> None:
    """Nor those that stand for them."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"])
def test_addresses_of_the_open_internet_are(address: str) -> None:
    """By IPv4, by IPv6 and by what stands for such a one."""
    assert is_public(address)


@given(st.ip_addresses(v=4).map(str))
def test_an_address_is_judged_alike_however_it_is_written(address: str) -> None:
    """Mapped and translated ones are what they stand for."""
    number = int(IPv4Address(address))
    translated = f"64:ff9b::{number >> 16:x}:{number & 0xFFFF:x}"
    assert is_public(address) == is_public(f"::ffff:{address}") == is_public(translated)


def test_the_bytes_say_what_an_image_is() -> None:
    """PNG, JPEG and WebP; a page or an SVG is none."""
    assert image_type(b"\x89PNG\r\n\x1a\n....") == "image/png"
    assert image_type(b"\xff\xd8\xff\xe0") == "image/jpeg"
    assert image_type(b"RIFF\x00\x00\x00\x00WEBPVP8 ") == "image/webp"
    for other in (b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"RIFF\x00\x00\x00\x00WAVE"):
        with pytest.raises(ImageRefused, match="no PNG"):
            image_type(other)


@pytest.mark.parametrize("host", ["10.0.0.1", "::1", "https://cdn.example", "cdn.example/a", "", "a..b", "*.example"])
def test_a_host_is_a_name(host: str) -> None:
    """No address, no URL, no pattern."""
    with pytest.raises(ValidationError):
        ProductRules(image_hosts=(host,))
