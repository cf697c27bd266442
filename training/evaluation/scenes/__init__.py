"""A world with ground truth: questions about scenes of our own, exact by construction."""
