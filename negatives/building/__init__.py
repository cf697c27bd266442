"""A build: captions in, shards of negatives out. `run.py` runs its stages."""

from negatives.building.run import build

__all__ = ["build"]
