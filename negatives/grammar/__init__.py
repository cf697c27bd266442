"""Analyses of a parse: parts that may move, clauses, participles, capitals. Pure."""
