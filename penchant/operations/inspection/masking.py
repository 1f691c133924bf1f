"""Masking: what a report says of a shopper in words, without the words, for whoever has no right to read them. Pure."""

import re
from dataclasses import replace

from msgspec import structs

from penchant.operations.dead_letters.masking import mask, masked
from penchant.operations.inspection.ask import Asked
from penchant.operations.inspection.shopper_report import ShopperReport
from prompts.render import Prompt
from prompts.words import mission_text
from streams.records.intents import Findings, Intent

SHOPPER = "\nShopper\n"
"""Where a prompt begins to say what the shopper did."""


def without_texts(report: ShopperReport) -> ShopperReport:
    """The report with x for each letter of titles, searches and what a model wrote freely."""
    intent = report.intent and _masked_intent(report.intent)
    prompt = report.prompt and _masked_prompt(report.prompt)
    answers = [replace(each, text=masked(each.text.encode())) for each in report.answers]
    return replace(report, intent=intent, prompt=prompt, answers=answers)


def answer_without_texts(asked: Asked) -> Asked:
    """What a model answered, likewise."""
    findings, by_rules = asked.findings and _masked_findings(asked.findings), asked.by_rules
    by_rules = by_rules and _masked_findings(by_rules)
    return replace(asked, text=masked(asked.text.encode()), findings=findings, by_rules=by_rules)


def _masked_intent(intent: Intent) -> Intent:
    return structs.replace(intent, **_texts(intent))


def _masked_findings(findings: Findings) -> Findings:
    return structs.replace(findings, **_texts(findings))


def _texts(findings: Findings) -> dict[str, object]:
    """Its bounded text (docs/security.md): the mission's is made anew of codes and names, attributes are masked."""
    text = mission_text(findings.stage, findings.categories, findings.brands, findings.price_band)
    mission = structs.replace(findings.mission, text=text)
    attributes = tuple(structs.replace(each, value=mask(each.value)) for each in findings.attributes)
    return {"mission": mission, "attributes": attributes}


def _masked_prompt(prompt: Prompt) -> Prompt:
    before, sign, lines = prompt.text.rpartition(SHOPPER)
    return structs.replace(prompt, text=f"{before}{sign}{_QUOTED.sub(lambda match: mask(match[0]), lines)}")


_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"')
