"""What the model server of these tests says: as a judge, a verdict; else as the simulated model does."""

from sandbox.gpu.simulated_model import answer as simulated


def answer(prompt: str) -> str:
    """By whether it is asked to compare."""
    return '{"winner":"tie"}' if "First reading: " in prompt else simulated(prompt)
