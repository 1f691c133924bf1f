"""The paged KV cache of the simulated GPU."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sandbox.gpu.kv_cache import Allotment, KvCache, names, pieces

SIZE = 12


class Blocks(RuleBasedStateMachine):
    """Requests come, are computed step by step and go, in any order."""

    @initialize()
    def begin(self) -> None:
        self.cache = KvCache(SIZE)
        self.taken: list[tuple[Allotment, int]] = []
        self.filled: set[tuple[int, ...]] = set()

    @rule(chain=st.lists(st.integers(0, 1), max_size=5), tail=st.sampled_from(["", "a", "ab"]), more=st.integers(1, 3))
    def take(self, chain: list[int], tail: str, more: int) -> None:
        """Names stand for whole prompts, so equal numbers after another beginning must differ."""
        prompt = "".join("ab"[each] * 4 for each in chain) + tail
        named = names(prompt, 1)
        if self.cache.fits(named, len(named) + more):
            allotment = self.cache.take(named, len(named) + more, pieces(prompt, 1) if tail else ())
            assert named[: allotment.reused] == () or named[: allotment.reused] in self.filled
            self.taken.append((allotment, len(named) + more))

    @precondition(lambda self: self.taken)
    @rule(pick=st.integers(0), full=st.integers(0, 5))
    def fill(self, pick: int, full: int) -> None:
        allotment, _ = self.taken[pick % len(self.taken)]
        self.cache.fill(allotment, full)
        allotment.whole = allotment.named == len(allotment.chain)
        self.filled |= {allotment.chain[:count] for count in range(1, min(full, len(allotment.chain)) + 1)}

    @precondition(lambda self: self.taken)
    @rule(pick=st.integers(0))
    def release(self, pick: int) -> None:
        self.cache.release(self.taken.pop(pick % len(self.taken))[0])

    @invariant()
    def never_more_than_there_is(self) -> None:
        assert 0 <= self.cache.used <= self.cache.used + self.cache.kept <= SIZE

    @invariant()
    def every_request_has_all_its_blocks(self) -> None:
        assert all(each.named + each.private == total for each, total in self.taken)
        shared = {block for each, _ in self.taken for block in each.chain[: each.named]}
        assert self.cache.used == len(shared) + sum(each.private for each, _ in self.taken)


TestBlocks = Blocks.TestCase


def whole(cache: KvCache, chain: tuple[int, ...]) -> int:
    """Compute a prompt and let it go; how many of its blocks were there before."""
    allotment = cache.take(chain, len(chain))
    cache.fill(allotment, len(chain))
    cache.release(allotment)
    return allotment.reused


def test_the_least_recently_used_block_leaves_first() -> None:
    """Of three chains in a cache of four blocks the one not used since is gone, tail first."""
    cache = KvCache(4)
    assert whole(cache, (1, 2)) == 0
    assert whole(cache, (3, 4)) == 0
    assert whole(cache, (1, 2)) == 2
    assert whole(cache, (5,)) == 0
    assert whole(cache, (3, 4)) == 1


def test_what_a_request_holds_never_leaves() -> None:
    """Not even its reused blocks; a request that needs more than the rest does not fit."""
    cache = KvCache(4)
    whole(cache, (1, 2))
    held = cache.take((1, 2), 3)
    assert held.reused == 2
    assert not cache.fits((3,), 2)
    whole(cache, (3,))
    assert cache.fits((1, 2), 3)
    assert not cache.fits((1, 2), 4)


def test_blocks_are_shared_as_soon_as_they_are_filled() -> None:
    """While the first request still runs, the second reuses what was computed of it so far, and no more."""
    cache = KvCache(10)
    first = cache.take((1, 2, 3), 4)
    cache.fill(first, 2)
    assert cache.take((1, 2, 3), 4).reused == 2


def test_what_two_compute_at_once_is_kept_once() -> None:
    """Two requests that began together do not keep the same block twice."""
    cache = KvCache(10)
    both = [cache.take((1, 2), 2) for _ in range(2)]
    assert cache.used == 4
    for allotment in both:
        cache.fill(allotment, 2)
    assert cache.used == 2


@given(st.text("ab", max_size=40), st.integers(1, 3))
def test_a_name_stands_for_all_before_it(prompt: str, size: int) -> None:
    """A prompt has a name for each full block, and another beginning changes every one of them."""
    chain = names(prompt, size)
    assert len(chain) == len(prompt) // (4 * size)
    assert not set(chain) & set(names("c" + prompt[1:], size))
