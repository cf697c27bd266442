"""Executors: how tasks reach workers. Each keeps at most a few tasks a worker in flight."""
