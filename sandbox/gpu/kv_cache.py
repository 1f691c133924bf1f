"""The paged KV cache of a simulated GPU: a finite pool of blocks, shared by prompts that begin alike. Pure.

A block of a prompt has a name, which stands for the whole prompt up to the block's end. Blocks are found under their
names as soon as they are filled. What no request holds stays until its place is needed, the least recently used first.
"""

from collections import OrderedDict
from dataclasses import dataclass

from sandbox.gpu.branches import Branches
from sandbox.gpu.tokens import CHARACTERS_PER_TOKEN


@dataclass(slots=True, eq=False)
class Allotment:
    """The blocks of one request: the first `named` of `chain` are shared under their names, `private` ones are not yet
    filled, not full, or for the answer. The first `reused` were there before.

    Where blocks are reused in part, `texts` are those of the prompt's blocks, the last one perhaps not full, and so
    many characters of the first new one were `copied`. `whole`: all of the prompt has been computed."""

    chain: tuple[int, ...]
    reused: int
    named: int
    private: int
    texts: tuple[str, ...] = ()
    copied: int = 0
    whole: bool = False


class KvCache:
    """A pool of so many blocks. A request takes all that it can ever need at once, so that none is ever driven out:
    TensorRT-LLM's default policy, GUARANTEED_NO_EVICT.

    Requests that give their `texts` reuse blocks in part too: what one of them begins with is copied into a block of
    their own, as with TensorRT-LLM's `copy_on_partial_reuse`. The last block of a prompt is then kept too."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.reused = 0
        self._held: dict[int, int] = {}  # by how many
        self._idle: OrderedDict[int, None] = OrderedDict()  # the least recently used first
        self._private = 0
        self._branches = Branches()

    @property
    def used(self) -> int:
        """Blocks that requests hold."""
        return len(self._held) + self._private

    @property
    def kept(self) -> int:
        """Blocks that nobody holds, and that are there to be reused."""
        return len(self._idle)

    def fits(self, chain: tuple[int, ...], total: int) -> bool:
        """Whether a prompt's request, with `total` blocks for all of it, could be taken in now."""
        reused = self._known(chain)
        revived = sum(block in self._idle for block in chain[:reused])
        return self.used + revived + total - reused <= self.size

    def take(self, chain: tuple[int, ...], total: int, texts: tuple[str, ...] = ()) -> Allotment:
        """Blocks for a request that fits."""
        reused = self._known(chain)
        copied = self._branches.longest(_last(chain[:reused]), texts[reused]) if reused < len(texts) else 0
        for block in chain[:reused]:
            self._hold(block)
        self._private += total - reused
        self._evict()
        self.reused += reused
        return Allotment(chain, reused, reused, total - reused, texts, copied)

    def fill(self, allotment: Allotment, full: int) -> None:
        """The first `full` blocks of the prompt have been computed: share them. What another computed meanwhile is
        there once."""
        for block in allotment.chain[allotment.named : full]:
            self._hold(block)
            if allotment.texts:
                self._branches.add(block, _last(allotment.chain[: allotment.named]), allotment.texts[allotment.named])
            self._private -= 1
            allotment.private -= 1
            allotment.named += 1

    def release(self, allotment: Allotment) -> None:
        """Give all back. A chain loses its tail first, for without its beginning it is of no use."""
        self._private -= allotment.private
        if allotment.whole and len(allotment.texts) > len(allotment.chain):
            self._keep(_last(allotment.chain), allotment.texts[-1])
        for block in reversed(allotment.chain[: allotment.named]):
            self._held[block] -= 1
            if not self._held[block]:
                del self._held[block]
                self._idle[block] = None
        allotment.private = allotment.named = 0

    def _known(self, chain: tuple[int, ...]) -> int:
        """How many leading blocks are there."""
        held, idle = self._held, self._idle
        return next((at for at, block in enumerate(chain) if block not in held and block not in idle), len(chain))

    def _hold(self, block: int) -> None:
        self._idle.pop(block, None)
        self._held[block] = self._held.get(block, 0) + 1

    def _keep(self, beginning: int, text: str) -> None:
        """The last block of a prompt, which is not full: for those alone that begin so."""
        block = hash((beginning, text))
        self._idle[block] = None
        self._branches.add(block, beginning, text)

    def _evict(self) -> None:
        while self.used + len(self._idle) > self.size:
            self._branches.remove(self._idle.popitem(last=False)[0])


def pieces(prompt: str, block_tokens: int) -> tuple[str, ...]:
    """The texts of its blocks; the last one may not be full."""
    size = block_tokens * CHARACTERS_PER_TOKEN
    return tuple(prompt[start : start + size] for start in range(0, len(prompt), size))


def _last(chain: tuple[int, ...]) -> int:
    return chain[-1] if chain else 0


def names(prompt: str, block_tokens: int) -> tuple[int, ...]:
    """A number for each full block, which stands for the whole prompt up to its end."""
    size = block_tokens * CHARACTERS_PER_TOKEN
    chain: list[int] = []
    for start in range(0, len(prompt) - size + 1, size):
        chain.append(hash((chain[-1] if chain else 0, prompt[start : start + size])))
    return tuple(chain)
