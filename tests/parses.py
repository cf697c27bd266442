"""Captions tagged by hand, so that a rule's test loads no model.

    parse_of("Two/NUM/CD dogs/NOUN/NNS run/VERB/VBP on/ADP/IN grass/NOUN/NN ./PUNCT/.")

A word is `text/POS/TAG/dep>head`: TAG, dep and head may be left out. TAG is then the commonest of
the POS, dep is "dep", and the head is the token itself; `head` counts tokens from 0. A word that
starts with "_" has no space before it ("it/PRON _'s/AUX"), a final mark never has one. Chunks are
given in brackets around words, their root is the last noun: "[a/DET red/ADJ car/NOUN]".
"""

from negatives.parse import Chunk, Parse, Token

_TAGS = {
    "NOUN": "NN", "PROPN": "NNP", "VERB": "VB", "AUX": "VBZ", "ADJ": "JJ", "ADV": "RB", "DET": "DT",
    "ADP": "IN", "NUM": "CD", "PRON": "PRP", "PART": "RP", "CCONJ": "CC", "SCONJ": "IN",
    "PUNCT": ".", "SYM": "SYM", "INTJ": "UH", "X": "XX", "SPACE": "_SP",
}  # fmt: skip


def parse_of(tagged: str) -> Parse:
    """Return the parse that the tagged caption describes."""
    tokens: list[Token] = []
    chunks: list[Chunk] = []
    text, first = "", 0
    for item in tagged.split():
        opens, closes = item.startswith("["), item.endswith("]")
        word, *rest = item.removeprefix("[").removesuffix("]").split("/")
        pos, tag, link = (*rest, *("", "", "")[len(rest) :])
        glued = word.startswith("_") or pos == "PUNCT" or not tokens
        word = word.removeprefix("_")
        dep, _, head = link.partition(">")
        text += word if glued else f" {word}"
        index = len(tokens)
        tokens.append(
            Token(
                start=len(text) - len(word),
                end=len(text),
                text=word,
                pos=pos,
                tag=tag or _TAGS[pos],
                dep=dep or "dep",
                head=int(head) if head else index,
            )
        )
        first = index if opens else first
        if closes:
            nouns = [i for i in range(first, index + 1) if tokens[i].pos in {"NOUN", "PROPN"}]
            chunks.append(Chunk(first, index, nouns[-1] if nouns else index))
    return Parse(text, tuple(tokens), tuple(chunks))
