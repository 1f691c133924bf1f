"""Score table: an eval's report as tables on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from penchant.offline.eval.measures import SCORED

WIDEST = max(len(each.name) for each in SCORED)


def show_scores(console: Console, report: Mapping[str, Any]) -> None:
    """Scores by predictor, the models' answers, and whether the harness held."""
    names = list(report["scores"])
    table = Table()
    for number, column in enumerate(("", "better", *names)):
        table.add_column(column, justify="right" if number > 1 else "left", min_width=0 if number else WIDEST)
    for measure in SCORED:
        found = [report["scores"][name].get(measure.name) for name in names]
        table.add_row(measure.name, measure.better, *(f"{each['value']:.3f}" if each else "" for each in found))
    console.print(table)
    for name, model in report["models"].items():
        kind = "simulation, no language model" if model["simulation"] else model["what"]
        told = ("schema_valid_share", "grounded_share", "evidence_valid_share", "output_tokens_median", "prefix_share")
        figures = ", ".join(f"{each} {model[each]}" for each in told)
        console.print(f"{name} ({kind}): {figures}", markup=False, highlight=False)
        if share := model["by_rules_share"]:
            left = f"{name}: {share:.1%} of its answers are none, or say nothing that holds: there the rules stand in"
            console.print(f"{left} (not in `{name}, alone`).", markup=False, highlight=False)
    if "judge" in report:
        console.print(f"judge: {report['judge']}", markup=False, highlight=False)
    kept = ", ".join(f"{name} {share:.1%}" for name, share in report["bounds"].items())
    console.print(f"Answers of which anything is kept: {kept}.", markup=False, highlight=False)
    check = report["check"]
    state = "fell to chance" if check["passed"] else f"DID NOT FALL TO CHANCE: {check['far_from_chance']}"
    console.print(f"On shuffled events all predictors but the oracle {state}.", markup=False, highlight=False)
