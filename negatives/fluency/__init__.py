"""How likely a text is among others: a model counted from the corpus, and causal language models."""
