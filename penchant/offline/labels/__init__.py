"""What people say of two intents of one session: which pairs come next, who agrees, and the files."""
