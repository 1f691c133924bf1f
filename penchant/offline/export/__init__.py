"""Export: what rankers could have read at the time of their requests, for training."""
