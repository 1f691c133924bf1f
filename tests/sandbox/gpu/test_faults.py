"""Faults on demand: the plan, the file, and the stand-in in virtual time."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from sandbox.gpu import fault_file
from sandbox.gpu.faults import Faults, spoil
from sandbox.servers.stand_in import AWAY_S, StandIn
from streams.errors import DeadlinePassed, ModelUnavailable, SettingInvalid
from tests.clients.virtual import call, virtually
from tests.fakes.echo import ECHO


@given(st.integers(0, 2**32), st.sampled_from(sorted(Faults().shares())), st.floats(0, 1))
def test_a_share_of_requests_meets_a_fault(seed: int, fault: str, share: float) -> None:
    """About as many as the share says, always the same ones, and no other fault."""
    faults = Faults(**{fault: share}, seed=seed)
    met = [faults.of(number) for number in range(200)]
    assert met == [faults.of(number) for number in range(200)]
    assert set(met) <= {"", fault}
    assert abs(met.count(fault) / 200 - share) < 0.2
    assert {faults.of(number) for number in range(50)} == {fault} or share < 1


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0))
def test_what_is_written_is_read_back(hang: float, empty: float, seed: int) -> None:
    """Unless it makes no sense."""
    faults = Faults(hang=hang, empty=empty, seed=seed)
    if hang + empty <= 1:
        assert Faults.parse(faults.write()) == faults
    else:
        with pytest.raises(SettingInvalid, match="together at most 1"):
            Faults.parse(faults.write())


@pytest.mark.parametrize("text", ["hang", "hang=x", "hunger=1", "hang=-0.5 empty=0.5"])
def test_nonsense_is_refused(text: str) -> None:
    """With the remedy."""
    with pytest.raises(SettingInvalid, match="remedy"):
        Faults.parse(text)


def test_a_file_changes_the_faults(tmp_path: Path) -> None:
    """From the moment it is another; one that makes no sense is complained of once, and what was there stays."""
    path, complaints = tmp_path / "faults", list[str]()
    file = fault_file.FaultFile(str(path), complaints.append)
    assert file.current() == Faults()
    fault_file.write(path, Faults(hang=0.5))
    assert file.current() == file.current() == Faults(hang=0.5)
    path.write_text("nonsense")
    assert [file.current().hang, file.current().hang] == [0.5, 0.5]
    assert len(complaints) == 1
    fault_file.write(path, Faults())
    assert file.current() == Faults()


def test_no_spoilt_answer_is_json_of_ours() -> None:
    """Cut off, of another schema, white space up to the limit, or nothing."""
    for fault in ("invalid_json", "whitespace", "empty"):
        with pytest.raises(json.JSONDecodeError):
            json.loads(spoil(fault, '{"a": 1}', 10))
    assert len(spoil("whitespace", "", 10)) == 40
    assert json.loads(spoil("wrong_schema", '{"a": 1}', 10)) != {"a": 1}


def test_a_stand_in_does_the_same() -> None:
    """In virtual time: each fault ends a call as it does on a server, and no call stays open."""
    found = virtually(_played)
    assert found == {
        "slow": "answered",
        "hang": "DeadlinePassed",
        "overload": "ModelOverloaded",
        "crash": "ModelUnavailable",
        "invalid_json": "answered",
        "whitespace": "answered",
        "wrong_schema": "answered",
        "empty": "answered",
        "": "answered",
    }


async def _played() -> dict[str, str]:
    loop = asyncio.get_running_loop()
    found: dict[str, str] = {}
    for fault in [*Faults().shares(), ""]:
        model = StandIn("virtual", answer=ECHO)
        model.faults = Faults(**{fault: 1}) if fault else Faults()
        beside = asyncio.ensure_future(model.complete(structs.replace(call(loop.time() + 20), id="beside")))
        await asyncio.sleep(0.001)
        began_s = loop.time()
        try:
            await model.complete(call(began_s + 10))
            found[fault] = "answered"
        except (DeadlinePassed, ModelUnavailable) as error:
            found[fault] = type(error).__name__
        if fault == "slow":
            assert loop.time() - began_s > 1
        await asyncio.gather(beside, return_exceptions=True)
        if fault == "crash":
            with pytest.raises(ModelUnavailable):
                await model.probe()
            await asyncio.sleep(AWAY_S)
        await model.probe()
        assert model.counts.opened == model.counts.closed == 2
        assert model.gpu.counts(loop.time() * 1e3)["active"] == 0
    return found
