"""The page Labels: by right, blind, and appended to the file that the command reads."""

from pathlib import Path

import pytest

from penchant.front.tokens import digest
from penchant.offline.labels.folder import LabelFolder
from sandbox.servers.redis import RedisServer
from tests.penchant.console.test_app import opened, post
from tests.penchant.console.world import settings
from tests.penchant.offline.labels.rows import match_row, pairs_of, row, write

pytestmark = pytest.mark.redis


async def test_people_compare_without_knowing_whose_is_whose(redis_server: RedisServer, tmp_path: Path) -> None:
    """What one says stands under who signed in; the doubtful pair comes first; the last leaves nothing to do."""
    folder, tokens = write(tmp_path, [row(0), row(1, "gift", gold="model")]), tmp_path / "tokens"
    tokens.write_text(f"pia privacy {digest('p')}\nvera viewer {digest('v')}\n")
    given = settings(redis_server.url, http={"tokens_file": tokens}, console={"port": 0, "labels_folder": folder})
    async with opened(given, "p") as client:
        page = (await client.get("/labels")).text
        shown = page.split("<main")[1]
        assert "1m view" in shown
        assert "rules" not in shown
        pair = pairs_of(LabelFolder(folder).pairs())["1"]
        place = "first" if pair.seen_by("pia")[0] == "model" else "second"
        said = {"pair": "1", "digest": pair.digest, "who": "somebody else"}
        assert (await post(client, "/labels", **said, winner="third")).status_code == 400
        assert (await post(client, "/labels", **said | {"digest": "old"}, winner="tie")).status_code == 409
        assert (await post(client, "/labels", **said, winner=place)).status_code == 303
        page = (await client.get("/labels")).text
        assert "0m view" in page
        assert "1 of 1" in page
        other = LabelFolder(folder).pairs()["0"]
        await post(client, "/labels", pair="0", digest=other.digest, winner="tie")
        assert "You have labelled all" in (await client.get("/labels")).text
        assert (await client.get("/labels/labels.jsonl")).text == ""
        assert len((await client.get("/labels/label-studio.json")).json()) == 2
        assert 'href="/labels"' in page
        client.headers["authorization"] = "Bearer v"
        assert 'href="/labels"' not in (await client.get("/")).text
        for path in ("/labels", "/labels/labels.jsonl", "/labels/label-studio.json"):
            assert (await client.get(path)).status_code == 403
        assert (await post(client, "/labels", **said, winner="tie")).status_code == 403
    found = LabelFolder(folder).labels(LabelFolder(folder).pairs())
    assert [(label.pair, label.winner, label.who) for label in found] == [("1", "model", "pia"), ("0", "tie", "pia")]


async def test_people_judge_reasons_without_knowing_where_the_product_came(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    """The words alone, which sellers' names may be in; what is said stands beside what is said of pairs."""
    folder = write(tmp_path, [match_row(0)])
    given = settings(redis_server.url, http={"local_roles": ["privacy"]}, console={"port": 0, "labels_folder": folder})
    async with opened(given) as client:
        shown = (await client.get("/labels?who=ada")).text.split("<main")[1]
        for words in ("Are these reasons right?", "home &gt; kettles, Tarn", "within your range", "&lt;b&gt;Tarn"):
            assert words in shown
        match = LabelFolder(folder).pairs()["match-0"]
        said = {"pair": match.id, "digest": match.digest}
        assert (await post(client, "/labels", **said, winner="first", who="ada")).status_code == 400
        for who in ("ada", "bob"):
            assert (await post(client, "/labels", **said, winner="wrong", who=who)).status_code == 303
        assert "0 right, 1 wrong, 0 unclear" in (await client.get("/labels?who=ada")).text
        assert (await client.get("/labels/labels.jsonl")).json() == {"pair": "match-0", "winner": "wrong"}


async def test_where_nobody_signs_in_people_say_who_they_are(redis_server: RedisServer, tmp_path: Path) -> None:
    """And without a folder the page says what to set."""
    folder = write(tmp_path, [row(0)])
    local = {"http": {"local_roles": ["privacy"]}}
    async with opened(settings(redis_server.url, console={"port": 0, "labels_folder": folder}, **local)) as client:
        assert "Who compares?" in (await client.get("/labels")).text
        assert "0m view" in (await client.get("/labels?who=ada")).text
        pair = LabelFolder(folder).pairs()["0"]
        nobody = await post(client, "/labels", pair="0", digest=pair.digest, winner="tie")
        assert nobody.status_code == 400
        for who in ("ada", "bob"):
            done = await post(client, "/labels", pair="0", digest=pair.digest, winner="tie", who=who)
            assert done.headers["location"] == f"/labels?who={who}"
        assert (await client.get("/labels/labels.jsonl")).json() == {"pair": "0", "winner": "tie"}
    async with opened(settings(redis_server.url, **local)) as client:
        assert "console.labels_folder" in (await client.get("/labels")).text
        assert (await client.get("/labels/labels.jsonl")).status_code == 404
