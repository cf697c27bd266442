"""A world of generated scenes with known truth: their content, captions, images and questions."""

from data.scenes.captions import captions
from data.scenes.splits import scene_at
from data.scenes.truth import truth
from data.scenes.vocabulary import is_held_out
from data.scenes.world import Scene

__all__ = ["Scene", "captions", "is_held_out", "scene_at", "truth"]
