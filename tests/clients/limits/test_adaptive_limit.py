"""The adaptive limit: its bounds whatever happens, and that it finds what a server can take, in virtual time."""

import asyncio
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.limits.adaptive_limit import AdaptiveLimit, LimitRules
from clients.limits.call_ages import BegunCall
from clients.limits.queue_delay import Wait
from tests.clients.limit_comparison import AimdLimit, FixedLimit, Result, play, share, slows, steady, steps
from tests.fakes.queueing_server import QueueingServer

events = st.lists(
    st.tuples(
        st.sampled_from(["answered", "refused", "later", "wanted", "looked", "begun"]),
        st.integers(1, 300),
        st.floats(0, 5_000),
        st.none() | st.floats(0, 1e6),
    ),
    max_size=300,
)


@given(events, st.integers(2, 20), st.integers(20, 100))
def test_it_stays_within_its_bounds_and_only_answers_raise_it(
    course: list[tuple[str, int, float, float | None]], least: int, most: int
) -> None:
    """Whatever happens, the limit is between its bounds; a refusal never raises it, and never closes it for long."""
    limit = AdaptiveLimit(LimitRules(initial=least, least=least, most=most))
    now_s, trials = 0.0, [limit.begin(0.0, 1)]
    for kind, in_flight, amount, retry_after_s in course:
        now_s += amount / 1e3
        before = limit.calls
        if kind == "answered":
            limit.answered(trials.pop(0) if len(trials) > 1 else trials[0], now_s, Wait(amount, amount - 2_500.0))
        elif kind == "refused":
            limit.refused(limit.begin(now_s, in_flight), now_s, retry_after_s)
            assert limit.calls <= before
        elif kind == "later":
            trials.append(limit.begin(now_s, in_flight))
            limit.sent(trials[-1], now_s)
        elif kind == "looked":
            limit.look(now_s, in_flight)
            assert limit.calls <= before
        elif kind == "begun":
            limit.first_token(trials[-1], now_s)
        else:
            limit.wanted()
        assert least <= limit.calls <= most
        assert limit.closed_until_s <= now_s + limit.rules.longest_retry_after_s


def feed(limit: AdaptiveLimit, calls: int, queue_ms: float, now_s: float = 1.0) -> None:
    """So many answers of calls that filled the limit and took a second each."""
    for _ in range(calls):
        limit.answered(limit.begin(now_s, limit.calls), now_s + 1.0, Wait(queue_ms))


def grown(limit: AdaptiveLimit, rounds: int) -> list[int]:
    """The limit after each round of answers that did not wait."""
    seen = [limit.calls]
    for _ in range(rounds):
        feed(limit, max(limit.calls // 2, 4) + 1, queue_ms=0.0)
        seen.append(limit.calls)
    return seen


def test_it_doubles_until_something_waits() -> None:
    """At the start nothing is known of the server, and a large one is found soon."""
    assert grown(AdaptiveLimit(LimitRules(initial=8)), 4) == [8, 16, 32, 64, 128]


def test_it_grows_by_ever_larger_steps_later() -> None:
    """From what was refused it grows carefully, and then faster, so that a server that was enlarged is found soon."""
    limit = AdaptiveLimit(LimitRules(initial=20, remember_first_s=0.5))
    limit.refused(limit.begin(0.0, 20), 0.0)
    steps_taken = [after - before for before, after in itertools.pairwise(grown(limit, 6))]
    assert steps_taken[:3] == [1, 2, 4]
    assert steps_taken[-1] > 8


def test_calls_that_begin_at_once_are_no_sign_of_a_full_server() -> None:
    """After a doubling those that begin together wait for each other's prompts: a second look decides."""
    limit = AdaptiveLimit(LimitRules(initial=16))
    feed(limit, 8, queue_ms=300.0)
    assert limit.calls == 16
    feed(limit, 8, queue_ms=0.0)
    assert limit.calls == 32
    feed(limit, 16, queue_ms=300.0)
    feed(limit, 16, queue_ms=300.0)
    assert limit.calls < 32


@pytest.mark.parametrize(
    "make",
    [
        lambda: QueueingServer(96, 2.0, tells=False),
        lambda: QueueingServer(128, 0.5, knee=64, tells=False),
        lambda: QueueingServer(96, 2.0),
    ],
    ids=["untold", "slower when fuller", "told"],
)
def test_it_is_near_the_best_fixed_limit_within_ten_seconds(make: Callable[[], QueueingServer]) -> None:
    """From ten seconds after the start on it answers nine tenths of what the best fixed limit does."""
    best = max(play(FixedLimit(calls), make(), steady, seconds=20.0).early() for calls in (32, 64, 96, 128))
    assert play(AdaptiveLimit(), make(), steady, seconds=20.0).early() > 0.9 * best


def waiting_calls(limit: AdaptiveLimit, calls: int, now_s: float) -> list[BegunCall]:
    """So many calls that are sent now."""
    trials = [limit.begin(now_s, number + 1) for number in range(calls)]
    for trial in trials:
        limit.sent(trial, now_s)
    return trials


def test_calls_that_nothing_comes_of_are_taken_off_before_they_end() -> None:
    """A server that gets slow without refusing anything is noticed by the age of the calls that are there."""
    limit = AdaptiveLimit(LimitRules(initial=40))
    limit.answered(limit.begin(0.0, 1), 1.0, Wait())
    trials = waiting_calls(limit, 40, 10.0)
    limit.look(11.0, 40)
    assert limit.calls == 40
    limit.look(13.0, 40)
    assert limit.calls == 20
    limit.look(13.1, 40)  # what has begun since tells more
    assert limit.calls == 20
    limit.look(16.0, 40)
    assert limit.calls == 10
    for trial in trials:
        limit.ended(trial)
    limit.look(30.0, 0)
    assert limit.calls == 10


def test_calls_that_others_have_overtaken_do_not_wait_in_line() -> None:
    """A share of calls that hang says nothing of the server's line: later ones have got their first token."""
    limit = AdaptiveLimit(LimitRules(initial=40))
    limit.answered(limit.begin(0.0, 1), 1.0, Wait())
    waiting_calls(limit, 30, 10.0)
    late = waiting_calls(limit, 1, 11.0)[0]
    limit.first_token(late, 11.5)
    limit.look(19.0, 31)
    assert limit.calls == 40


def test_a_server_that_loses_its_places_is_noticed_before_calls_end() -> None:
    """Of 64 places 8 are left: within four seconds the limit has followed, and few calls wait for long."""

    async def shrinks(server: QueueingServer) -> None:
        await asyncio.sleep(30)
        server.set_places(8)

    result = play(AdaptiveLimit(), QueueingServer(64, 2.0, tells=False), shrinks, seconds=60.0)
    assert min(result.limits[25:30]) >= 60
    assert max(result.limits[34:]) <= 36
    assert result.limits[-1] <= 12


def test_it_does_not_grow_when_it_is_not_what_holds_calls_back() -> None:
    """In a quiet night it does not drift up to where a morning's burst would drown the server."""
    limit = AdaptiveLimit(LimitRules(initial=32))
    for _ in range(500):
        limit.answered(limit.begin(1.0, 3), 2.0, Wait())
    assert limit.calls == 32


def test_room_that_nobody_uses_is_given_back() -> None:
    """Down to twice what is in flight: a burst must not try at once what nobody has tried for long."""
    limit = AdaptiveLimit(LimitRules(initial=16))
    assert grown(limit, 2)[-1] == 64
    for _ in range(100):
        limit.answered(limit.begin(1.0, 20), 2.0, Wait())
    assert limit.calls == 40


def test_after_a_quiet_time_a_burst_doubles_the_limit_and_no_more() -> None:
    """The step that took it to 256 is not taken again from 32: a full minute then would open the gates to hundreds."""
    limit = AdaptiveLimit(LimitRules(initial=16))
    assert grown(limit, 4)[-1] == 256
    for _ in range(200):
        limit.answered(limit.begin(1.0, 8), 2.0, Wait())
    assert grown(limit, 1) == [16, 32]


def test_what_waits_on_the_server_is_taken_off_at_once() -> None:
    """Half the calls' time spent waiting at 40 in flight are 20 calls too many."""
    limit = AdaptiveLimit(LimitRules(initial=40))
    for _ in range(2):
        feed(limit, 20, queue_ms=500.0)
    assert 20 <= limit.calls <= 24


def test_calls_that_began_before_a_change_teach_nothing() -> None:
    """A hundred refusals of one burst are one cut."""
    limit = AdaptiveLimit(LimitRules(initial=100))
    trials = [limit.begin(0.0, 100) for _ in range(100)]
    for trial in trials:
        limit.refused(trial, 0.1)
    assert limit.calls == 80
    for trial in trials:
        limit.answered(trial, 1.0, Wait(900.0))
    assert limit.calls == 80


def test_a_refusal_is_remembered_for_a_while() -> None:
    """It does not grow back at once to where it was refused, but later it looks again."""
    limit = AdaptiveLimit(LimitRules(initial=40, remember_s=30.0))
    limit.refused(limit.begin(0.0, 33), 0.0)
    for _ in range(20):
        feed(limit, 30, queue_ms=0.0)
    assert limit.calls == 32
    for _ in range(3):
        feed(limit, 30, queue_ms=0.0, now_s=40.0)
    assert limit.calls > 32


def test_the_second_refusal_at_the_same_place_is_remembered_longer() -> None:
    """There is so much room, and no more."""
    limit = AdaptiveLimit(LimitRules(initial=40, remember_first_s=8.0, remember_s=30.0))
    limit.refused(limit.begin(0.0, 33), 0.0)
    limit.refused(limit.begin(10.0, 30), 10.0)
    for now_s, most in ((25.0, 29), (50.0, 100)):
        for _ in range(20):
            feed(limit, 30, queue_ms=0.0, now_s=now_s)
        assert (limit.calls > 29) == (most > 29)


def test_a_server_that_refused_whatever_came_is_soon_trusted_again() -> None:
    """Refusals at ever fewer calls say nothing of how many it can take when it is well again."""
    limit = AdaptiveLimit(LimitRules(initial=40))
    for tenth in range(200):
        limit.refused(limit.begin(tenth / 10, limit.calls), tenth / 10)
    assert limit.calls == limit.rules.least
    for _ in range(12):
        feed(limit, 30, queue_ms=0.0, now_s=21.0)
    assert limit.calls > 16


def test_a_refusal_at_its_least_makes_those_before_forgotten() -> None:
    """They were not for too many calls."""
    limit = AdaptiveLimit(LimitRules(initial=3))
    for now_s in (0.0, 0.5, 1.0):
        limit.refused(limit.begin(now_s, limit.calls), now_s)
    for _ in range(12):
        feed(limit, 30, queue_ms=0.0, now_s=2.0)
    assert limit.calls > 16


def test_a_server_that_says_when_is_left_alone_until_then() -> None:
    """Retry-After holds, also that of a call that began before the last change; nonsense is bounded."""
    limit = AdaptiveLimit()
    first, second = limit.begin(0.0, 8), limit.begin(0.0, 8)
    limit.refused(first, 1.0)
    limit.refused(second, 2.0, retry_after_s=4.0)
    assert limit.closed_until_s == 6.0
    limit.refused(limit.begin(7.0, 2), 7.0, retry_after_s=1e9)
    assert limit.closed_until_s == 7.0 + limit.rules.longest_retry_after_s


def test_when_fewer_calls_are_not_possible_there_is_time_between_them() -> None:
    """Refused at its least, it pauses, ever longer; an answer ends that."""
    limit = AdaptiveLimit(LimitRules(initial=1))
    pauses = []
    for now_s in range(100, 1_000, 100):
        limit.refused(limit.begin(float(now_s), 2), float(now_s))
        pauses.append(limit.closed_until_s - now_s)
    assert pauses[:4] == pytest.approx([0.1, 0.2, 0.4, 0.8])
    assert max(pauses) == limit.rules.longest_pause_s
    limit.answered(limit.begin(1_000.0, 2), 1_001.0, Wait())
    limit.refused(limit.begin(1_002.0, 2), 1_002.0)
    assert limit.closed_until_s == pytest.approx(1_002.1)


def near(limits: list[int], places: int) -> bool:
    """Whether the limit is right for so many places at the end: none is idle, and few calls wait."""
    return all(places <= limit <= places * 1.25 + 2 for limit in limits[-10:])


@pytest.mark.parametrize("tells", [True, False], ids=["told", "untold"])
def test_it_follows_the_steps_of_a_server(tells: bool) -> None:  # noqa: FBT001
    """32 places, then 64, then 16: it is right after half a minute at the latest, with and without being told."""
    result = play(AdaptiveLimit(), QueueingServer(tells=tells), steps)
    assert near(result.limits[:60], 32)
    assert near(result.limits[:120], 64)
    assert near(result.limits, 16)
    assert result.refused == result.late == 0


def test_it_finds_a_server_that_only_refuses() -> None:
    """A server without a queue gives no sign but 503: nearly all of it is used, with few refusals."""
    result = play(AdaptiveLimit(), QueueingServer(32, most_waiting=0), steady)
    assert result.answered > 0.9 * play(FixedLimit(32), QueueingServer(32, most_waiting=0), steady).answered
    assert result.refused < 0.02 * result.answered


@pytest.mark.parametrize("tells", [True, False], ids=["told", "untold"])
def test_a_slow_server_is_not_a_full_one(tells: bool) -> None:  # noqa: FBT001
    """Four times slower, it still takes as many calls at once; fewer would waste it."""
    result = play(AdaptiveLimit(), QueueingServer(tells=tells), slows)
    assert min(result.limits[20:]) >= 28
    assert near(result.limits, 32)
    assert result.late == 0


def test_prompts_that_wait_for_each_other_are_waiting_too() -> None:
    """A server that has places but computes one prompt at a time: more calls would only wait longer, and it does not
    tell so as queueing."""
    server = QueueingServer(64, prompt_s=0.1)
    result = play(AdaptiveLimit(), server, steady)
    assert result.answered > 0.9 * 10 * 180
    assert max(result.limits[30:]) < 24  # ten a second, which take 1.1 s each


def test_a_server_that_is_away_behind_a_503_is_hardly_bothered() -> None:
    """A gateway without a server refuses everything: about a call in a few seconds is enough to see that it is back."""
    server = QueueingServer(0, most_waiting=0)
    play(AdaptiveLimit(), server, steady, seconds=120.0)
    assert server.opened < 80


@pytest.mark.slow
@pytest.mark.parametrize("course", [steps, slows])
def test_it_beats_fixed_limits_and_plain_aimd(course: object) -> None:
    """As many answers as the best fixed limit that does not fill the server's queue, and shorter waits than AIMD."""

    def run(limit: AdaptiveLimit | FixedLimit) -> Result:
        return play(limit, QueueingServer(), course)  # type: ignore[arg-type] # one of the courses

    adaptive, aimd, large = run(AdaptiveLimit()), run(AimdLimit()), run(FixedLimit(128))
    best = max(run(FixedLimit(calls)).answered for calls in (8, 32))
    assert adaptive.answered > 0.95 * best
    assert adaptive.answered > 0.95 * large.answered
    assert adaptive.answered > 0.95 * aimd.answered
    assert adaptive.p95_ms() < aimd.p95_ms() * 0.6
    assert adaptive.p95_ms() < large.p95_ms() * 0.2


def test_workers_that_share_a_server_share_it() -> None:
    """A worker that comes later gets a fair share: the larger one gives way, and the server stays full."""
    limits = [AdaptiveLimit(), AdaptiveLimit()]
    first, second = share(limits, QueueingServer(64), steady, seconds=240.0, callers=(90, 90), starts_s=(0.0, 60.0))
    assert near(first.limits[:60], 64)
    assert near([ours + theirs for ours, theirs in zip(first.limits, second.limits, strict=True)], 64)
    assert min(first.limits[-1], second.limits[-1]) > 20


@pytest.mark.slow
def test_background_work_gives_way_to_another_process() -> None:
    """With little eagerness, a replay leaves a server to live traffic that it knows nothing of, and fills the rest."""
    background = LimitRules(eagerness=0.25)
    limits = [AdaptiveLimit(), AdaptiveLimit(background)]
    live, replay = share(limits, QueueingServer(64), steady, seconds=240.0, callers=(90, 90), starts_s=(60.0, 0.0))
    assert near(replay.limits[:60], 64)
    assert live.limits[-1] > 4 * replay.limits[-1]
    limits = [AdaptiveLimit(), AdaptiveLimit(background)]
    live, replay = share(limits, QueueingServer(64), steady, seconds=240.0, callers=(32, 90), starts_s=(60.0, 0.0))
    assert live.answered > 0.8 * 32 * 180
    assert live.answered + replay.answered > 0.9 * 62 * 240
