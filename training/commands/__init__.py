"""The `train` and `evaluate` commands. Heavy imports are inside the commands."""
