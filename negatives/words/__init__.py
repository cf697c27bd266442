"""Lexical knowledge: forms, senses, sounds, classes; and the compiler of their tables."""
