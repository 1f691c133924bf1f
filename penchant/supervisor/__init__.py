"""Several workers as one: processes of `penchant worker`, known by number from 1, under a parent without work."""
