"""Parses of the captions in tests, so that a rule's test loads no model.

    parsed("a dog runs")                       # from parses.txt
    parse_of("a/DET dog/NOUN runs/VERB/VBZ")   # tagged on the spot: for captions put together

parses.txt has the parse of each caption below it, after "=" as the installed spaCy model gives it,
or after "!" as it was corrected by hand, where the model errs or a rule has to be shown an odd
parse. A caption with several parses has them under "caption", "caption #2" and so on. To add
captions, write them into the file, each on a line of its own, and run

    python -m tests.parses

which parses anew all captions but those corrected by hand.

A tagged word is `text/POS/TAG/dep>head`: TAG, dep and head may be left out. TAG is then the
commonest of the POS, dep is "dep", and the head is the token itself; `head` counts tokens from 0. A
word that starts with "_" has no space before it ("it/PRON _'s/AUX"), a final mark never has one.
Chunks are given in brackets around words, their root is the last noun: "[a/DET red/ADJ car/NOUN]".
"""

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from negatives.parse import Chunk, Parse, Token

FILE = Path(__file__).with_name("parses.txt")

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


class Entry(NamedTuple):
    """What the file has of a caption: its parse in tags, and whether that is by hand."""

    tagged: str
    by_hand: bool


def parsed(caption: str) -> Parse:
    """Return the parse of a caption, as the file has it."""
    if not caption:
        return Parse("", (), ())
    entry = _entries().get(caption)
    assert entry, f"no parse of {caption!r}: write it into {FILE.name}, run python -m tests.parses"
    return parse_of(entry.tagged)


def tagged_of(parse: Parse) -> str:
    """Return a parse in tags, all of them stated."""
    firsts, lasts = {chunk.first for chunk in parse.chunks}, {chunk.last for chunk in parse.chunks}
    words: list[str] = []
    end = 0
    for index, token in enumerate(parse.tokens):
        glue = "_" if index and token.start == end and token.pos != "PUNCT" else ""
        tags = f"{token.text}/{token.pos}/{token.tag}/{token.dep}>{token.head}"
        words.append("[" * (index in firsts) + glue + tags + "]" * (index in lasts))
        end = token.end
    return " ".join(words)


def read_entries(text: str) -> dict[str, Entry | None]:
    """Return the entries of a file's text by caption, None for captions without a parse."""
    entries: dict[str, Entry | None] = {}
    caption = ""
    for line in text.splitlines():
        if line.startswith(("  = ", "  ! ")):
            assert entries[caption] is None, f"two parses of {caption!r}"
            entries[caption] = Entry(line[4:], by_hand=line.startswith("  ! "))
        elif line and not line.startswith("# "):
            caption = line
            assert caption not in entries, f"{caption!r} is there twice"
            entries[caption] = None
    return entries


def written_anew(text: str) -> str:
    """Return a file's text with its captions in order, parsed by the installed model.

    Raises:
        ValueError: a parse cannot be written in tags; correct it by hand.
    """
    from negatives.models import model_name, model_version  # noqa: PLC0415 - only here
    from negatives.spacy_parse import parse_texts  # noqa: PLC0415 - loads spaCy

    entries = read_entries(text)
    model = model_name()
    texts = [re.sub(r" #\d+$", "", caption) for caption in entries]
    lines = [f"# {model_version(model)}; see parses.py"]
    found = zip(entries.items(), parse_texts(texts, model=model, batch_size=64), strict=True)
    for (caption, entry), parse in sorted(found, key=lambda item: item[0][0]):
        if entry and entry.by_hand:
            lines += [caption, f"  ! {entry.tagged}"]
            continue
        if parse_of(tagged_of(parse)) != parse:
            raise ValueError(f"{caption!r}: its parse cannot be written in tags; do it by hand")
        lines += [caption, f"  = {tagged_of(parse)}"]
    return "\n".join(lines) + "\n"


@cache
def _entries() -> dict[str, Entry | None]:
    return read_entries(FILE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    FILE.write_text(written_anew(FILE.read_text(encoding="utf-8")), encoding="utf-8")
