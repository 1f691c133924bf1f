"""Jobs beside live traffic: which one goes first, and how many calls they may have in flight. Pure."""
