"""Programs of others on Java."""

import re

from benchmarks.jvm import FLINK
from penchant.offline.facts import ROOT


def test_all_that_flink_needs_is_pinned() -> None:
    """Every dependency has one exact version, and the report names Flink's."""
    pom = (ROOT / "benchmarks" / "peers" / "flink" / "pom.xml").read_text()
    versions = re.findall(r"<version>(.+?)</version>", pom)
    assert len(versions) == pom.count("<dependency>") + 1  # the project's own
    assert all(re.fullmatch(r"[0-9][0-9.-]*(\.RELEASE)?", version) for version in versions)
    assert FLINK.version() == {"flink": "2.2.1"}
