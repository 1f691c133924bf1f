"""Asked: what the model says of a shopper now, beside the intent that is live and beside the rules'."""

from typing import Any

from penchant.operations.inspection.ask import Asked
from penchant.operations.inspection.shopper_report import ShopperReport
from prompts.words import describe


def asked_again(report: ShopperReport, asked: Asked, *, raw: bool) -> dict[str, Any]:
    """Everything that the page shows."""
    if asked.parroted:
        answer = "The answer repeats an example of the prompt, and says nothing of this shopper."
    elif asked.findings is None:
        answer = "The answer is no intent."
    else:
        answer = describe(asked.findings)
    said = [("The model, now", asked.findings), ("Live", report.intent), ("The rules, now", asked.by_rules)]
    return {
        "shopper": report.shopper,
        "raw": raw,
        "answer": answer,
        "who": f"{asked.model} at {asked.endpoint}",
        "refused": asked.refused,
        "removed": ", ".join(asked.removed) or "nothing",
        "beside": [(name, describe(found) if found else "none") for name, found in said],
        "text": asked.text,
    }
