"""The settings of learning."""

from typing import Annotated

from pydantic import Field

from prompts.learned.snapshot import SUPPORT
from streams.section import File, Seconds, Share, section, unit

Shoppers = Annotated[int, Field(ge=SUPPORT), unit("shoppers")]


@section
class LearningRules:
    """What the shop's own stream teaches: which categories, brands and prices follow each other."""

    enabled: bool = False
    """Whether workers count it, and rules use the snapshot of the hour."""
    support: Shoppers = SUPPORT
    """How many shoppers must have taught a name, a pair or a price range before a snapshot holds it; 20 at the
    least."""
    share: Share = 1.0
    """Which share of shoppers teaches, drawn by their ids. To be taught costs a worker about as much as to fold; a
    large shop learns enough from a tenth."""
    write_s: Seconds = 60.0
    """How often a partition's counts are written, and the snapshot in force is looked for. A crash, or a
    partition that changes hands, loses what was counted since."""
    predictor: File | None = None
    """A predictor of `penchant learn --predictor`: LightGBM's trees put the snapshot's names in order and move the
    price range. Needs penchant[learn]. None: the counts alone do."""
    keep_s: Seconds = 604_800.0
    """How long a snapshot is kept that is not in force any more: as long as a replay may reach back."""
