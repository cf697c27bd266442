"""Figures that both halves report: intervals over clusters, what a text-only reader can tell."""
