"""Init: a first settings file for a shop, after a look at what is there."""
