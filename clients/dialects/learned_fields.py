"""Learned fields: what one model takes of the fields that a request can do without, found out by its refusals."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from clients.dialects.refusals import FieldRefused
from clients.dialects.sent_fields import LOST, OptionalField, SentFields

Answer = TypeVar("Answer")

log = structlog.get_logger()


class LearnedFields:
    """Begins with `sent`. A field that was refused is left off from the first call on that was answered without it."""

    def __init__(self, sent: SentFields) -> None:
        self._sent = sent

    async def ask(self, send: Callable[[SentFields], Awaitable[Answer]]) -> Answer:
        """What `send` returns, called again with less as long as it raises FieldRefused of something that it sent."""
        sent, refusals = self._sent, dict[OptionalField, str]()
        while True:
            try:
                answer = await send(sent)
            except FieldRefused as refused:
                field = next(filter(sent.sends, refused.fields), None)
                if field is None:
                    raise
                sent, refusals[field] = sent.less(field), str(refused)
            else:
                lesser = self._sent.common(sent) if refusals else self._sent
                for field in lesser.left_off(self._sent):
                    log.warning("model.field_refused", field=field, error=refusals.get(field), lost=LOST[field])
                self._sent = lesser
                return answer
