"""A decoder of a real 8B shape with random weights on a GPU: what its prefill and decode take. Needs PyTorch with CUDA.

    python benchmarks/calibration/decoder.py table.json

The shape is Llama 3.1 8B's: 32 layers, width 4,096, 32 heads, 8 of them with keys and values, 128 wide, feed-forward
14,336, 128,256 words; 16-bit weights and KV cache. Times do not depend on what the weights are.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from fit import fit
from torch.nn.functional import rms_norm, scaled_dot_product_attention, silu

LENGTHS = (128, 256, 512, 1_024, 2_048, 4_096)
BATCHES = (1, 4, 16, 32, 64, 128)
CONTEXTS = (256, 1_024, 2_048)
WARM, ROUNDS = 3, 15


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a decoder."""

    layers: int = 32
    width: int = 4_096
    heads: int = 32
    kv_heads: int = 8
    head: int = 128
    feed_forward: int = 14_336
    words: int = 128_256


class Decoder:
    """The matrices, and what is done with them; rotary positions are left out, which cost next to nothing."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        qkv = (shape.heads + 2 * shape.kv_heads) * shape.head
        self.layers = [
            (
                weights(shape.width, qkv),
                weights(shape.heads * shape.head, shape.width),
                weights(shape.width, 2 * shape.feed_forward),
                weights(shape.feed_forward, shape.width),
            )
            for _ in range(shape.layers)
        ]
        self.out = weights(shape.width, shape.words)

    def cache(self, sequences: int, length: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Keys and values of so many tokens for each sequence, by layer."""
        size = (sequences, self.shape.kv_heads, length, self.shape.head)
        return [(empty(*size).normal_(), empty(*size).normal_()) for _ in range(self.shape.layers)]

    def step(self, x: torch.Tensor, cache: list[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
        """The next word of each sequence. `x`: (sequences, tokens, width), the last tokens of what is in the cache; one
        token each is decoding, all tokens of one sequence are prefill."""
        for (qkv, back, up, down), (keys, values) in zip(self.layers, cache, strict=True):
            x = x + self._attend(rms_norm(x, x.shape[-1:]) @ qkv, keys, values) @ back
            gate, wide = (rms_norm(x, x.shape[-1:]) @ up).chunk(2, dim=-1)
            x = x + (silu(gate) * wide) @ down
        return (rms_norm(x[:, -1], x.shape[-1:]) @ self.out).argmax(-1)

    def _attend(self, qkv: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        shape, (sequences, tokens, _) = self.shape, qkv.shape
        parts = qkv.view(sequences, tokens, shape.heads + 2 * shape.kv_heads, shape.head).transpose(1, 2)
        query, key, value = parts.split([shape.heads, shape.kv_heads, shape.kv_heads], dim=1)
        keys[:, :, -tokens:], values[:, :, -tokens:] = key, value
        mixed = scaled_dot_product_attention(query, keys, values, is_causal=tokens > 1, enable_gqa=True)
        return mixed.transpose(1, 2).reshape(sequences, tokens, shape.heads * shape.head)


def weights(rows: int, columns: int) -> torch.Tensor:
    """Random ones, small enough that nothing overflows."""
    return empty(rows, columns).normal_(std=rows**-0.5)


def empty(*size: int) -> torch.Tensor:
    """On the GPU, of 16 bits."""
    return torch.empty(*size, device="cuda", dtype=torch.bfloat16)


def milliseconds(work: Callable[[], object]) -> float:
    """What it takes as one CUDA graph, so that launching kernels costs nothing; the median of some rounds."""
    for _ in range(WARM):
        work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        work()
    times = []
    for _ in range(ROUNDS):
        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        began.record()
        graph.replay()
        ended.record()
        torch.cuda.synchronize()
        times.append(began.elapsed_time(ended))
    return median(times)


def measure(decoder: Decoder) -> dict[str, Any]:
    """The table: prompts computed alone by length, and batches that decode by size and tokens in the cache."""
    width, prefill, decode = decoder.shape.width, [], []
    for length in LENGTHS:
        x, cache = empty(1, length, width).normal_(), decoder.cache(1, length)
        prefill.append({"tokens": length, "ms": milliseconds(lambda x=x, cache=cache: decoder.step(x, cache))})
    for sequences in BATCHES:
        for context in CONTEXTS:
            x, cache = empty(sequences, 1, width).normal_(), decoder.cache(sequences, context)
            ms = milliseconds(lambda x=x, cache=cache: decoder.step(x, cache))
            decode.append({"sequences": sequences, "kv_tokens": sequences * context, "ms": ms})
    return {"prefill": prefill, "decode": decode, "fitted": fit(prefill, decode)}


def main(path: Path) -> None:
    """Measure, and write the table with what it was measured on."""
    if not torch.cuda.is_available():
        sys.exit("there is no GPU here: nothing was measured")
    torch.manual_seed(1)
    with torch.inference_mode():
        table = measure(Decoder(Shape()))
    about = {"gpu": torch.cuda.get_device_name(), "torch": torch.__version__, "shape": asdict(Shape())}
    path.write_text(json.dumps(about | table, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(table["fitted"], indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
