"""Control: the switches, as they stand, and how each is thrown or put back."""

from typing import Any, get_args

from agents.fleet.switches import Name
from penchant.console.snapshot import Snapshot
from penchant.console.views.banner import banner
from penchant.console.words import many

WHAT = {
    "rules_only": "No calls are made; the rules make all intents.",
    "freeze_writes": "Nothing is written; everything waits.",
    "pause": "No more events are read.",
    "prompt_version": "All workers use this version of the prompt.",
    "calls_per_second": "So many calls a second of the whole fleet.",
    "share_batch": "How much of the calls that live traffic leaves jobs may have in flight, from 0 to 1; 0 holds them.",
    "share_replay": "How much of its calls a replay may have in flight, from 0 to 1; 0 holds it.",
}
VALUED = {
    "prompt_version": "a version",
    "calls_per_second": "calls a second",
    "share_replay": "a share from 0 to 1",
    "share_batch": "a share from 0 to 1",
}


def control(seen: Snapshot) -> dict[str, Any]:
    """Each switch; a value is asked for where it takes one."""
    switches = [_switch(name, seen) for name in get_args(Name)]
    thrown = [each["name"] for each in switches if each["thrown"]]
    answer = f"{', '.join(thrown)} in force." if thrown else "No switch is thrown."
    reason = f"Workers follow within two seconds; {many(len(seen.workers), 'worker')} alive."
    return {"banner": banner(seen), "answer": answer, "reason": reason, "switches": switches}


def _switch(name: Name, seen: Snapshot) -> dict[str, Any]:
    thrown = seen.switches.get(name)
    return {
        "name": name.replace("_", "-"),
        "what": WHAT[name],
        "value": VALUED.get(name, ""),
        "thrown": thrown is not None,
        "now": "" if thrown is None else thrown.value,
        "who": "" if thrown is None else thrown.who,
    }
