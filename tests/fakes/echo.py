"""A model that answers with its prompt."""

ECHO = "tests.fakes.echo:echo"


def echo(prompt: str) -> str:
    """The prompt."""
    return prompt
