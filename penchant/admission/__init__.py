"""What is looked at before a worker may consume: whether the event topic is the right one, and the same as before."""
