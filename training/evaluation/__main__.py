"""`python -m training.evaluation` is `evaluate`."""

from training.cli import evaluation

evaluation()
