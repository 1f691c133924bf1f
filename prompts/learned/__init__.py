"""What the shop's own stream teaches: counts of many shoppers, and what they say of one. Pure."""
