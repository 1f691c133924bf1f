"""Masking: what a person without the role privacy sees of texts that shoppers and shops wrote. Pure."""

import re

from prompts.words import mission_text
from streams.records.intents import Findings

MASK = "•••"
QUOTED = re.compile(r'"[^"]*"')
LAST_SHOPPER = "\nShopper\n"
"""Before the last such line a prompt is the same for everybody."""


def masked_prompt(text: str) -> str:
    """The prompt without what stands between quotes of the shopper's part; of a prompt without such a part, of all."""
    fixed, mark, own = text.rpartition(LAST_SHOPPER)
    return fixed + mark + QUOTED.sub(f'"{MASK}"', own)


def masked_findings(findings: Findings) -> Findings:
    """The same intent without free text: the mission's is made anew of codes and names, attributes lose their
    values."""
    text = mission_text(findings.stage, findings.categories, findings.brands, findings.price_band)
    attributes = tuple(each.model_copy(update={"value": MASK}) for each in findings.attributes)
    mission = findings.mission.model_copy(update={"text": text})
    return findings.model_copy(update={"mission": mission, "attributes": attributes})
