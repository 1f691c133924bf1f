"""Dead letters for operators: what stands in the dead-letter topic, and how it goes back."""
