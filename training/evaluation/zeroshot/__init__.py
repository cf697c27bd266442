"""Zero-shot classification: the 21 sets of the paper, in the usual layouts."""
