"""What acts: the only place where streams, prompts, clients and storage meet."""
