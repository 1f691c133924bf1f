"""Label Studio: pairs as its tasks, and labels from its export (both JSON). Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from penchant.offline.labels.pairs import Label, Labelled, LabelPair, checked
from prompts.words import describe
from streams.errors import SettingInvalid

SEEN = "label-studio"
"""All who label there see a pair in the same order."""

CONFIG = """\
<View>
  <Header value="What the shopper did"/>
  <Text name="shown" value="$shown"/>
  <Header value="First"/>
  <Text name="first" value="$first"/>
  <Header value="Second"/>
  <Text name="second" value="$second"/>
  <Choices name="winner" toName="shown" choice="single" required="true">
    <Choice value="first" hotkey="1"/>
    <Choice value="second" hotkey="2"/>
    <Choice value="tie" hotkey="0"/>
  </Choices>
</View>
"""
"""The labelling interface, for a project's settings."""

REMEDY = "export the project as JSON, with the tasks as they were imported"


def tasks(pairs: Iterable[Labelled]) -> list[dict[str, Any]]:
    """Tasks to import, which do not say whose intent is whose. Matches are labelled on the console's page alone."""
    return [{"data": _data(pair)} for pair in pairs if isinstance(pair, LabelPair)]


def imported(export: Any, pairs: Mapping[str, Labelled]) -> list[Label]:
    """What people said there. SettingInvalid for what is no export of these pairs."""
    if not isinstance(export, list):
        raise SettingInvalid("that is no list of tasks", REMEDY)
    try:
        return [label for task in export for label in _labels(task, pairs)]
    except (KeyError, TypeError, AttributeError, ValueError) as exc:
        raise SettingInvalid(f"that is no export of tasks: {exc!r}", REMEDY) from exc


def _data(pair: LabelPair) -> dict[str, str]:
    first, second = (_words(pair, name) for name in pair.seen_by(SEEN))
    return {"pair": pair.id, "shown": pair.shown, "first": first, "second": second}


def _words(pair: LabelPair, name: str) -> str:
    return f"{describe(pair.findings[name])}\n{pair.texts[name]}"


def _labels(task: Mapping[str, Any], pairs: Mapping[str, Labelled]) -> Iterator[Label]:
    pair = pairs.get(str(task["data"]["pair"]))
    if not isinstance(pair, LabelPair):
        raise SettingInvalid(f"there is no pair {task['data']['pair']!r}", "give the folder that the tasks came from")
    for annotation in task.get("annotations", ()):
        chosen = [choice for result in annotation["result"] for choice in result["value"].get("choices", ())]
        if annotation.get("was_cancelled") or len(chosen) != 1:
            continue
        yield replace(checked(pair, str(chosen[0]), SEEN), who=f"{SEEN}:{_person(annotation.get('completed_by'))}")


def _person(completed_by: Any) -> str:
    """By number, or with more of them, as the edition exports it."""
    if isinstance(completed_by, Mapping):
        return str(completed_by.get("email") or completed_by.get("id"))
    return str(completed_by)
