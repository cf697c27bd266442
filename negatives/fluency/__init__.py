"""The likelihood of texts: a corpus model from counts, and causal language models."""
