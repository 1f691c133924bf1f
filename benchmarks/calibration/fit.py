"""From measured times to the parameters of the simulated GPU, by least squares."""

from collections.abc import Mapping, Sequence

import numpy as np

Row = Mapping[str, float]


def fit(prefill: Sequence[Row], decode: Sequence[Row]) -> dict[str, float]:
    """Parameters of `Timing`, in ms, and how far off they are in the worst case, as a share.

    A row has `ms`, and `tokens` (of prompts, computed at once) or `sequences` and `kv_tokens` (of all of them).
    Decoding is fitted first, relative to what was measured; prefill is what an iteration takes beyond its fixed part.
    """
    measured = np.array([row["ms"] for row in decode])
    terms = np.array([[1.0, row["sequences"], row["kv_tokens"]] for row in decode])
    iteration, sequence, kv_token = np.linalg.lstsq(terms / measured[:, None], np.ones(len(decode)), rcond=None)[0]
    tokens = np.array([row["tokens"] for row in prefill])
    beyond = np.array([row["ms"] for row in prefill]) - iteration
    token = float(tokens @ beyond / (tokens @ tokens))
    return {
        "iteration_ms": float(iteration),
        "prefill_ms_per_token": token,
        "decode_ms_per_sequence": float(sequence),
        "kv_ms_per_token": float(kv_token),
        "decode_worst": float(np.abs(terms @ [iteration, sequence, kv_token] / measured - 1).max()),
        "prefill_worst": float(np.abs((iteration + token * tokens) / (beyond + iteration) - 1).max()),
    }
