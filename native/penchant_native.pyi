from collections.abc import Iterable, Sequence

from streams.events.decoding import Record
from streams.events.event import Consent, ShopperEvent
from streams.events.wire import Wire

VERSION: str

class Reader:
    def __init__(
        self,
        class_: type[ShopperEvent],
        rules: Wire,
        /,
        *,
        spellings: frozenset[str],
        actions: Sequence[str],
        consents: Sequence[Consent | None],
        products: int,
        shoppers: int,
        longest_list: int,
    ) -> None: ...
    def read(
        self, records: Iterable[Record], max_bytes: int, keyed: bool
    ) -> tuple[list[tuple[int, int, ShopperEvent]], list[int]]: ...
