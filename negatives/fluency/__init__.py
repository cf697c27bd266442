"""How likely a text is: a model counted from the corpus, and causal language models."""
