"""`penchant whatif` before real servers."""

from pathlib import Path

import pytest

from sandbox.servers.triton import TritonServer
from tests.penchant.commands import run

pytestmark = [pytest.mark.triton, pytest.mark.slow]

HEADER = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"


async def test_some_calls_are_made_for_real(model_server: TritonServer, tmp_path: Path) -> None:
    """Of each way; the report, and its page, say how the answers differ."""
    rows = (f"2019-10-01 00:00:{at:02} UTC,view,{at},2,home.kettles,acme,3.5,{at % 5 + 1},s\n" for at in range(60))
    (tmp_path / "events.csv").write_text(HEADER + "".join(rows))
    command = ("whatif", "--events", "events.csv", "--with", "gpus=2", "--jobs", "1", "--html", "page.html",
               "--model-url", model_server.grpc_address, "--sample", "4", "--json")  # fmt: skip
    ended = await run(tmp_path, {}, *command)
    assert ended.status == 0, ended.err
    first, second = ended.report["real_answers"]
    assert (first["name"], second["name"]) == ("as it is", "gpus=2")
    assert first["asked"] == {"real": 4, "assumed": 4}
    assert first["answered"]["real"] == 1.0
    assert 0 < first["output_tokens"]["real"] != first["output_tokens"]["assumed"]
    assert "Answers of a real model" in (tmp_path / "page.html").read_text()
