"""Measures on finished shards: what gives a negative away, what there is of each type."""
