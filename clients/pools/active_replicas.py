"""Active replicas: which of a pool's replicas calls go to, by its active set. The log names those left free."""

from collections.abc import Sequence

import structlog

from clients.pools.active_set import ActiveSet, ActiveSetRules
from clients.pools.replicas import Replica

log = structlog.get_logger()


class ActiveSets:
    """One set for each pool, by its name."""

    def __init__(self, rules: ActiveSetRules) -> None:
        self._rules = rules
        self._sets: dict[str, ActiveSet] = {}

    def of(self, usable: Sequence[Replica], waited_s: float, now_s: float) -> Sequence[Replica]:
        """The first of the pool's usable replicas, as many as are needed; whoever asks has waited for `waited_s`."""
        if not self._rules.budget_s or not usable:
            return usable
        pool = usable[0].pool
        active = self._sets.setdefault(pool, ActiveSet(self._rules))
        before = active.size
        known = (each.outlier_detector.service_s for each in usable[:before])
        size = active.look(
            len(usable), max((each for each in known if each is not None), default=None), waited_s, now_s
        )
        if size != before:
            names = [each.name for each in usable]
            log.info("pool.active", pool=pool, active=names[:size], free=names[size:])
        return usable[:size]
