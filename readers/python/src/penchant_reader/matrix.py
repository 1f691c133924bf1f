"""Matrix: many intents as one numpy array, or one Arrow table. Needs numpy, and pyarrow for tables."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from penchant_reader.columns import COLUMNS, FINGERPRINT, VERSION, vector

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from penchant_reader.intent import ReadIntent

TEXTS = ("shopper", "stage", "mission", "category", "brand", "currency", "source")
"""The hot fields that are text, beside the numbers in a table."""


def as_matrix(intents: "Iterable[ReadIntent]") -> "np.ndarray[Any, np.dtype[np.float64]]":
    """A row of float64 for each intent, in the order given, with the columns of `vector`: shape (intents, columns)."""
    try:
        import numpy as np  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise ImportError("as_matrix and as_vector need numpy: pip install 'penchant-reader[numpy]'") from error
    rows = [vector(intent) for intent in intents]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(COLUMNS))


def as_table(intents: "Iterable[ReadIntent]") -> "pa.Table":
    """The same as an Arrow table, with the hot fields that are text before the numbers.

    The schema's metadata has `penchant.version` and `penchant.fingerprint`, those of the columns.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise ImportError("as_table needs pyarrow: pip install 'penchant-reader[arrow]'") from error
    held = list(intents)
    matrix = as_matrix(held)
    texts = [pa.array([getattr(each, name) for each in held], pa.string()) for name in TEXTS]
    numbers = [pa.array(matrix[:, at]) for at in range(len(COLUMNS))]
    metadata = {"penchant.version": str(VERSION), "penchant.fingerprint": FINGERPRINT}
    return pa.table([*texts, *numbers], names=[*TEXTS, *COLUMNS]).replace_schema_metadata(metadata)
