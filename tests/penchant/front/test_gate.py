"""The gate: who is served, who is refused, and what every answer says to a browser."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from penchant.front.body import form
from penchant.front.gate import HEADERS, LARGE_AT_ONCE, Gate, permit
from penchant.front.identity import COOKIE, Identities
from penchant.front.origins import hosts
from penchant.front.rules import HttpRules
from penchant.front.tokens import digest
from streams.errors import SettingInvalid

HOST = "127.0.0.1:8000"
VIEWER, OPERATOR = "token-of-vera", "token-of-otto"
PROXY, ELSEWHERE = "10.0.0.7", "10.9.9.9"


async def seen(request: Request) -> JSONResponse:
    """Who it is for us, and the form that came."""
    person = request.state.person
    return JSONResponse({"name": person.name, "csrf": request.state.csrf, "form": await form(request)})


async def changed(request: Request) -> JSONResponse:
    """For operators."""
    return JSONResponse({"by": permit(request, "operator").name, "form": await form(request)})


async def open_page(_: Request) -> JSONResponse:
    """For anybody."""
    return JSONResponse({"open": True})


APP = Starlette(
    routes=[
        Route("/", seen),
        Route("/change", changed, methods=["POST"]),
        Route("/sign-in", open_page, methods=["GET", "POST"]),
        Route("/static/a.css", open_page),
    ]
)


class Front:
    """The application behind a gate, asked from an address."""

    def __init__(self, rules: HttpRules, host: str = "127.0.0.1", peer: str = "127.0.0.1") -> None:
        self.identities = Identities(rules, host)
        open_paths = ("/sign-in", "/static/")
        gate = Gate(APP, rules, self.identities, hosts(8000, rules.hosts), open_paths, "/sign-in")
        self._transport = httpx.ASGITransport(gate, client=(peer, 1))

    async def ask(
        self, path: str = "/", headers: Mapping[str, str] | None = None, method: str = "GET", body: bytes = b""
    ) -> httpx.Response:
        """Send one request, as a program does unless its headers say otherwise."""
        async with httpx.AsyncClient(transport=self._transport, base_url=f"http://{HOST}") as client:
            return await client.request(method, path, headers=headers, content=body)

    async def post(self, headers: Mapping[str, str], body: bytes = b"") -> httpx.Response:
        """Change something."""
        return await self.ask("/change", headers, "POST", body)


def tokens(tmp_path: Path) -> HttpRules:
    """A viewer and an operator, by their tokens."""
    path = tmp_path / "tokens"
    path.write_text(f"vera viewer {digest(VIEWER)}\notto operator,privacy {digest(OPERATOR)} # on call\n\n")
    return HttpRules(tokens_file=path)


def bearer(token: str) -> dict[str, str]:
    """As programs say who they are."""
    return {"authorization": f"Bearer {token}"}


async def test_every_answer_forbids_what_a_page_needs_not() -> None:
    """Whether it was served or refused."""
    for answer in (await Front(HttpRules()).ask(), await Front(HttpRules()).ask(headers={"host": "evil"})):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "LOCALHOST:8000"])
async def test_this_machine_is_served_by_its_names(host: str) -> None:
    """On loopback, without tokens, as an operator."""
    answer = await Front(HttpRules()).ask(headers={"host": host})
    assert (answer.status_code, answer.json()["name"]) == (200, "local")


@pytest.mark.parametrize("host", ["evil.example:8000", "127.0.0.1:8001", "127.0.0.1", "localhost.evil.example:8000"])
@pytest.mark.parametrize("path", ["/", "/sign-in", "/static/a.css"])
async def test_another_host_is_refused_on_loopback_too(host: str, path: str) -> None:
    """A name that points to this machine is nobody's way in (DNS rebinding)."""
    assert (await Front(HttpRules()).ask(path, {"host": host})).status_code == 421


async def test_a_host_that_was_set_is_served(tmp_path: Path) -> None:
    """With its origin."""
    rules = HttpRules(hosts=("console.example",), tokens_file=tokens(tmp_path).tokens_file)
    front = Front(rules, "0.0.0.0")  # noqa: S104 # nobody listens here
    headers = bearer(OPERATOR) | {"host": "Console.example", "origin": "https://console.example"}
    assert (await front.post(headers)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:8001"},
        {"origin": "null"},
        {"origin": "file://127.0.0.1:8000"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_a_page_of_another_site_changes_nothing(headers: dict[str, str]) -> None:
    """Even with the right CSRF token."""
    front = Front(HttpRules())
    csrf = (await front.ask()).json()["csrf"]
    assert (await front.post({"x-csrf-token": csrf, "sec-fetch-site": "same-origin"})).status_code == 200
    assert (await front.post({"x-csrf-token": csrf} | headers)).status_code == 403


async def test_another_origin_reads_nothing() -> None:
    """A link from elsewhere still opens a page."""
    front = Front(HttpRules())
    assert (await front.ask(headers={"origin": "https://evil.example"})).status_code == 403
    assert (await front.ask(headers={"sec-fetch-site": "cross-site"})).status_code == 200


async def test_what_changes_something_needs_the_pages_token() -> None:
    """In a header or in the form, which the application still reads."""
    front = Front(HttpRules())
    csrf = (await front.ask()).json()["csrf"]
    assert (await front.post({})).status_code == 403
    assert (await front.post({"x-csrf-token": "0" * 64})).status_code == 403
    answer = await front.post({}, f"csrf={csrf}&why=night".encode())
    assert answer.json() == {"by": "local", "form": {"csrf": csrf, "why": "night"}}


async def test_the_token_of_another_person_does_not_serve(tmp_path: Path) -> None:
    """A page shown to one is nothing for another."""
    front = Front(tokens(tmp_path))
    csrf = (await front.ask(headers=bearer(VIEWER))).json()["csrf"]
    cookie = {"cookie": f"{COOKIE}={front.identities.session(OPERATOR)}"}
    assert (await front.post(cookie | {"x-csrf-token": csrf})).status_code == 403


async def test_with_tokens_nobody_comes_in_without(tmp_path: Path) -> None:
    """Not from this machine either, nor with a wrong one; open paths are open."""
    front = Front(tokens(tmp_path))
    assert (await front.ask()).status_code == 401
    assert (await front.ask(headers=bearer("wrong"))).headers["www-authenticate"] == "Bearer"
    assert (await front.ask(headers=bearer(VIEWER))).json()["name"] == "vera"
    assert (await front.ask("/static/a.css")).status_code == 200
    assert (await front.ask("/static")).status_code == 401
    browser = await front.ask("/shopper", {"accept": "text/html"})
    assert (browser.status_code, browser.headers["location"]) == (303, "/sign-in?next=/shopper")


async def test_a_viewer_changes_nothing(tmp_path: Path) -> None:
    """The server says so, whatever the page showed."""
    front = Front(tokens(tmp_path))
    assert (await front.post(bearer(VIEWER))).status_code == 403
    assert (await front.post(bearer(OPERATOR))).json()["by"] == "otto"


async def test_a_session_lasts_as_long_as_its_token(tmp_path: Path) -> None:
    """It ends with its time, and when the token is taken out of the file; a forged one never begins."""
    now_s = 1_000.0
    identities = Identities(rules := tokens(tmp_path), "127.0.0.1", lambda: now_s)
    front = Front(rules)
    front.identities = identities
    gate = Gate(APP, rules, identities, hosts(8000, ()))
    front._transport = httpx.ASGITransport(gate)
    cookie = {"cookie": f"{COOKIE}={identities.session(OPERATOR)}"}
    assert (await front.ask(headers=cookie)).json()["name"] == "otto"
    assert (await front.ask(headers={"cookie": cookie["cookie"][:-1] + "x"})).status_code == 401
    assert identities.session("wrong") is None
    now_s += 13 * 3_600
    assert (await front.ask(headers=cookie)).status_code == 401


async def test_a_proxy_speaks_for_people_and_nobody_else_does() -> None:
    """A header from elsewhere means nothing; nor does the proxy's own address."""
    rules = HttpRules(proxies=(f"{PROXY}/32",))
    says = {"x-forwarded-user": "ada", "x-forwarded-groups": "staff, operator"}
    assert (await Front(rules, "0.0.0.0", PROXY).post(says)).status_code == 403  # noqa: S104 # no CSRF token
    assert (await Front(rules, "0.0.0.0", PROXY).ask(headers=says)).json()["name"] == "ada"  # noqa: S104
    assert (await Front(rules, "0.0.0.0", PROXY).ask()).status_code == 401  # noqa: S104
    assert (await Front(rules, "0.0.0.0", PROXY).ask(headers={"x-forwarded-user": "ada"})).status_code == 401  # noqa: S104
    assert (await Front(rules, "0.0.0.0", ELSEWHERE).ask(headers=says)).status_code == 401  # noqa: S104
    assert (await Front(rules, "127.0.0.1").ask(headers=says)).status_code == 401


async def test_bodies_are_bounded() -> None:
    """Whatever their length says."""
    front = Front(HttpRules(body_bytes=1_024))
    csrf = {"x-csrf-token": (await front.ask()).json()["csrf"]}
    assert (await front.post(csrf, b"x" * 1_024)).status_code == 200
    assert (await front.post(csrf, b"x" * 1_025)).status_code == 413
    assert (await front.post(csrf | {"content-length": "5"}, b"x" * 1_025)).status_code == 413
    assert (await front.post(csrf | {"content-length": "-1"}, b"")).status_code == 413


def test_an_address_that_others_reach_needs_to_know_them() -> None:
    """The start stops, and says what to set."""
    with pytest.raises(SettingInvalid, match=r"http\.tokens_file, http\.client_ca_file, or http\.proxies"):
        Identities(HttpRules(), "0.0.0.0")  # noqa: S104
    Identities(HttpRules(), "::1")


async def test_few_large_bodies_are_held_at_once(tmp_path: Path) -> None:
    """A third is refused before it is read, also where it does not say its size; then there is room again. What is no
    form of parts has the usual bound."""
    rules, begun, go_on = tokens(tmp_path), asyncio.Semaphore(0), asyncio.Event()

    async def held(request: Request) -> JSONResponse:
        begun.release()
        await go_on.wait()
        return JSONResponse({"bytes": len(await request.body())})

    app = Starlette(routes=[Route("/files", held, methods=["POST"])])
    gate = Gate(app, rules, Identities(rules, "127.0.0.1"), hosts(8000, ()), larger={"/files": 1_000_000})

    async def chunks() -> AsyncIterator[bytes]:
        yield b"x" * 10

    sent = bearer(OPERATOR) | {"content-type": "multipart/form-data; boundary=a"}

    async with httpx.AsyncClient(transport=httpx.ASGITransport(gate), base_url=f"http://{HOST}") as client:
        sending = [
            asyncio.create_task(client.post("/files", content=b"x" * 200_000, headers=sent))
            for _ in range(LARGE_AT_ONCE)
        ]
        for _ in sending:
            await begun.acquire()
        refused = await client.post("/files", content=chunks(), headers=sent)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        small = asyncio.create_task(client.post("/files", content=b"x", headers=sent))
        await begun.acquire()
        go_on.set()
        assert [answer.json()["bytes"] for answer in await asyncio.gather(*sending, small)] == [200_000, 200_000, 1]
        assert (await client.post("/files", content=b"x" * 200_000, headers=sent)).status_code == 200
        assert (await client.post("/files", content=b"x" * 200_000, headers=bearer(OPERATOR))).status_code == 413
