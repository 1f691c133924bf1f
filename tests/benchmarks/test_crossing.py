"""What one event crosses."""

from benchmarks.crossing import ROOT, crossing, table


def test_an_event_is_folded_asked_about_and_written() -> None:
    """The functions that must be entered are, none of the files is too long to read, and the table adds up."""
    entered = crossing()
    names = {f"{file}:{name}" for file, name in entered}
    assert {
        "streams/sessions/session.py:fold",
        "prompts/render.py:PromptRenderer.render",
        "agents/worker/dispatch.py:Dispatch._call",
        "storage/gather.py:GatheringWriter.write",
    } <= names
    assert max((ROOT / file).read_text(encoding="utf-8").count("\n") for file, _ in entered) <= 250
    last = table(entered).splitlines()[-1].replace(",", "").split()
    assert (int(last[3]), int(last[4])) == (len(entered), sum(entered.values()))
