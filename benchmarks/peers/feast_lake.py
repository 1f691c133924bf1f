"""Reads a lake's intents by Feast, at the times of some requests; prints what it found, as JSON. For Feast's own
environment: LAKE FOLDER, then `shopper:epoch_ms` for each request."""

import json
import sys
from datetime import timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig
from feast.types import Float64, String


def main(lake: Path, folder: Path, requests: list[str]) -> None:
    """Declare, apply, and join."""
    shopper = Entity(name="shopper", join_keys=["shopper"])
    source = FileSource(name="intents", path=str(lake / "intents"), timestamp_field="readable_at")
    texts = [Field(name=name, dtype=String) for name in ("stage", "category", "position")]
    fields = [*texts, Field(name="confidence", dtype=Float64)]
    view = FeatureView(name="intent", entities=[shopper], ttl=timedelta(days=1), schema=fields, source=source)
    registry, online = {"path": str(folder / "registry.db")}, {"type": "sqlite", "path": str(folder / "online.db")}
    store = FeatureStore(
        config=RepoConfig(project="shop", provider="local", registry=registry, online_store=online,
                          offline_store={"type": "file"}, entity_key_serialization_version=3)
    )  # fmt: skip
    store.apply([shopper, view])
    asked = [each.rpartition(":") for each in requests]
    times = pd.to_datetime([int(at_ms) for _, _, at_ms in asked], unit="ms", utc=True)
    frame = pd.DataFrame({"shopper": [name for name, _, _ in asked], "event_timestamp": times})
    found = store.get_historical_features(frame, [f"intent:{each.name}" for each in fields]).to_df()
    found = found.sort_values(["shopper", "event_timestamp"])
    print(json.dumps(json.loads(found[["shopper", *(each.name for each in fields)]].to_json(orient="records"))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
