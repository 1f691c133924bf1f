"""The way out to the model."""
