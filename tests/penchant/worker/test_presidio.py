"""Presidio without Presidio: what becomes of what an analyzer finds, and what is said where it is not installed."""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from penchant.settings.kafka import Kafka
from penchant.worker.presidio import names_too, redaction
from streams.errors import PlatformLacks, SettingInvalid
from streams.events.redaction import redact


@dataclass(frozen=True)
class Found:
    """As Presidio's RecognizerResult."""

    entity_type: str
    start: int
    end: int


class Finder:
    """Finds words that it was told of; knows English only."""

    def __init__(self, **words: str) -> None:
        self._words, self.asked = words, 0

    def analyze(self, text: str, language: str, entities: list[str], *, score_threshold: float) -> Sequence[Found]:
        if language != "en":
            raise ValueError(language)
        assert 0 < score_threshold < 1
        self.asked += 1
        places = ((kind, word, text.find(word)) for word, kind in self._words.items() if kind in (*entities, "URL"))
        return [Found(kind, at, at + len(word)) for kind, word, at in places if at >= 0]


def test_names_and_places_go_beside_what_has_a_form() -> None:
    """Each becomes its kind; of findings that overlap, one."""
    redact_names = names_too(Finder(Ada="PERSON", Lovelace="PERSON", Love="PERSON", Oslo="LOCATION"), "en")
    assert redact_names("gift for Ada in Oslo, ada@shop.example") == "gift for [name] in [place], [email]"
    assert redact_names("for L\u200bovelace") == "for [name]"


def test_other_findings_change_nothing() -> None:
    """Nor do texts without any, which stay as they came."""
    assert names_too(Finder(kettle="URL"), "en")("a kettle") == "a kettle"
    assert names_too(Finder(), "en")("a  kettle\u200b") == "a  kettle\u200b"


def test_a_query_that_comes_again_is_not_analyzed_again() -> None:
    """It takes milliseconds."""
    finder = Finder()
    redact_names = names_too(finder, "en")
    asked = finder.asked
    assert [redact_names("kettle") for _ in range(3)] == ["kettle"] * 3
    assert finder.asked == asked + 1


def test_a_language_that_it_does_not_know_is_a_wrong_setting() -> None:
    """Told at the start, and not at the first query."""
    with pytest.raises(SettingInvalid, match="presidio_model"):
        names_too(Finder(), "xx")


def test_patterns_need_nothing_and_presidio_says_what_it_needs() -> None:
    """It is an extra; its model is none of pip's."""
    assert redaction(Kafka()) is redact
    if importlib.util.find_spec("presidio_analyzer") is not None:
        pytest.skip("SKIPPED: Presidio is installed here")
    with pytest.raises(PlatformLacks, match=r"penchant\[privacy\]"):
        redaction(Kafka(redact_queries="presidio"))
