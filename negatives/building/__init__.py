"""A build: captions in, shards of negatives out. `run.py` is the way through it."""

from negatives.building.run import build

__all__ = ["build"]
