"""The `train` command, a module for each part of it. Heavy imports stand inside the commands."""
