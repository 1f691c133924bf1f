"""Prompts and answers on GPUs of their own, beside GPUs that do both. All of it is simulated."""
