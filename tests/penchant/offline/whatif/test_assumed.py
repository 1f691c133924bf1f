"""Answers that nobody looks at: a day comes to the same as when each of them is read."""

from benchmarks.goodput.traffic import Traffic
from penchant.offline.whatif.arrivals import EPOCH_MS, Record, Recording
from penchant.offline.whatif.day import play
from penchant.offline.whatif.figures import figures
from penchant.offline.whatif.known import KnownDecoder, KnownRecord
from penchant.offline.whatif.variant import Variant, variant
from penchant.settings.sources import load_settings
from streams.events.decoding import Decoder

RECORDING = Recording(Traffic(6.0, 30.0, before_s=0.0).arrivals, EPOCH_MS)


def way(words: str) -> Variant:
    return variant(words, lambda overrides: load_settings(None, overrides).settings)


def test_a_slow_day_comes_to_the_same() -> None:
    """One GPU for too many, so that calls take long enough for the rules to be shown; and it is away for a while."""
    made = way("gpus=1 away=8-14")
    fast, read = (play(RECORDING, made, assume=assume) for assume in (True, False))
    assert read.meter.rules_shown > 0 < read.meter.rules_intents
    assert figures(fast, made, 4.0) == figures(read, made, 4.0)
    assert fast.meter.rules_shown == read.meter.rules_shown


def test_known_events_are_as_if_decoded() -> None:
    """With their offsets and times."""
    arrivals = RECORDING.arrivals[:50]
    known, encoded = ([each.of(arrival, EPOCH_MS) for arrival in arrivals] for each in (KnownRecord, Record))
    assert KnownDecoder().decode(known) == Decoder().decode(encoded)
