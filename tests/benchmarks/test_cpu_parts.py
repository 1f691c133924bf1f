"""Where a worker's processor time goes, by samples of its main thread."""

import time

import pytest

from benchmarks.cpu_parts import REST, THREADS, CpuParts


def work(path: str, until: float) -> None:
    """Take processor time in a function of this file."""
    code = compile("while clock() < until: pass", path, "exec")
    exec(code, {"clock": time.thread_time, "until": until})  # noqa: S102 # nothing of it comes from outside


@pytest.mark.parametrize(
    ("path", "part"),
    [("/x/clients/dialects/wire.py", "client"), ("/x/streams/sessions/packing.py", "pack"), ("/x/other.py", REST)],
)
def test_time_counts_for_the_part_whose_code_is_at_work(path: str, part: str) -> None:
    """However few the samples are, it is the part of most of the time; other threads have done nothing."""
    parts, began_s = CpuParts(), time.thread_time()
    parts.start()
    work(path, began_s + 0.3)
    seconds = parts.stop()
    assert next(iter(seconds)) == part
    assert seconds[part] <= time.thread_time() - began_s
    assert seconds[THREADS] < seconds[part]
