"""Programs of others beside ours: `make peers`, by hand. Each has an environment of its own under run/peers."""

from pathlib import Path

import pytest

from benchmarks.routing.model_folder import write_model_folder

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them have the mark that keeps them out of the other runs."""
    for item in items:
        if FOLDER in item.path.parents:
            item.add_marker(pytest.mark.peers)
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer and a template, for peers that count tokens."""
    return write_model_folder(tmp_path_factory.mktemp("model"))
