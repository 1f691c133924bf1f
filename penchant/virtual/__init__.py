"""Virtual time: event loops on a clock that jumps, for simulations of what would take hours or many machines."""
