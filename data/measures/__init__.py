"""Figures that both halves report: intervals over clusters, and the text-only adversary."""
