"""penchant whatif as people call it."""

from typer.testing import CliRunner

from penchant.cli.main import app

NOBODY = "127.0.0.1:9"


def test_a_model_that_is_not_there_is_told_before_the_play() -> None:
    """Before the topic is read, even: Kafka is not there either, and is not what it complains of."""
    told = CliRunner().invoke(app, ["whatif", "--model-url", NOBODY])
    assert told.exit_code == 1
    assert NOBODY in told.output
    assert "Kafka" not in told.output
