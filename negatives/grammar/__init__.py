"""What a parse says beyond its tags: parts that may move, clauses, participles, capitals. Pure."""
