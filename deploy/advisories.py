"""Advisories: whether known faults of what constraints.txt pins are published: `python deploy/advisories.py`.

pip-audit asks the package index for each version. Status 1 where one has an advisory. Where the index has none to give,
as a mirror, that is said in capitals and the status is 0: nothing was found, and nothing was looked at.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
COMMAND = ("pip_audit", "--requirement", str(CONSTRAINTS), "--no-deps", "--disable-pip", "--format", "json")
WITHIN_S = 600
LAST = 300
"""Characters of what pip-audit says when it gives no answer."""


def main() -> int:
    """Ask, tell, and give the status."""
    command = [sys.executable, "-m", *COMMAND, "--progress-spinner", "off"]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=WITHIN_S)  # noqa: S603 (ours)
    try:
        packages = json.loads(ended.stdout)["dependencies"]
    except ValueError:
        sys.stdout.write(f"ADVISORIES: NOT AUDITED, pip-audit gave no answer: {ended.stderr[-LAST:].strip()}\n")
        return 0
    text, status = verdict(packages)
    sys.stdout.write(f"{text}\n")
    return status


def verdict(packages: Sequence[dict[str, Any]]) -> tuple[str, int]:
    """What to say of pip-audit's answer, and the status."""
    bad = [package for package in packages if package.get("vulns")]
    unseen = [package["name"] for package in packages if "skip_reason" in package]
    lines = [f"{each['name']} {each['version']}: {', '.join(fault['id'] for fault in each['vulns'])}" for each in bad]
    lines.append(
        f"advisories: {len(packages) - len(unseen)} of {len(packages)} packages audited, {len(bad)} with a fault"
    )
    if len(unseen) == len(packages):
        lines.append(
            "ADVISORIES: NOT AUDITED, this package index has none to give; remedy: run it where the real one is"
        )
    elif unseen:
        lines.append(f"ADVISORIES: NOT AUDITED, the index knows nothing of: {', '.join(unseen)}")
    return "\n".join(lines), 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
