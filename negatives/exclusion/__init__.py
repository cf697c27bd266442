"""Words that exclude each other as descriptions of one thing, learned from sibling captions."""
