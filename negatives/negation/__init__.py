"""True and false negation: clauses on things that an image shows or does not show."""
