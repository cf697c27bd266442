"""Millions of captions for `benchmarks.scale`, each kind as a source for builds.

`scenes` has any number of captions. The others repeat the captions of Flickr8k, so that the first
40,455 are real text. Images that share a caption share a fold, so the texts of each copy differ: in
`replicated` a number follows the final mark, and hardly any n-gram is new; in `varied` every other
content word is replaced by one of the same form, drawn by rank (Zipf) from the corpus and then from
the dictionary, so that words and n-grams keep growing.
"""

import json
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import accumulate, count, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from data.records import Caption
from data.sources.flickr import Flickr8k
from data.streams import Stream
from negatives.words import lexicon as lexicons
from negatives.words.lexicon import Lexicon

KINDS: Final = ("scenes", "replicated", "varied")
_FORMS: Final = (("NNS", "NOUN"), ("VBG", "VERB"), ("JJ", "ADJ"), ("NN", "NOUN"))
_CHANGED = 0.5  # of the content words
_ZIPF, _FLAT = 1.6, 10  # words' weights: (rank + flat) ** -zipf; new ones as in Flickr8k itself
_PER_IMAGE = 5

Source = dict[str, Any]
Change = Callable[[str, int, int], str]
"""What becomes of the text at a place in a copy; copy 0 is the original."""


class Words(NamedTuple):
    """Words of one form, most frequent first, and the cumulative sums of their weights."""

    words: tuple[str, ...]
    sums: tuple[float, ...]

    def draw(self, stream: Stream) -> str:
        """Return one of them."""
        return self.words[bisect(self.sums, stream.unit() * self.sums[-1])]


def source_of(kind: str, *, num_captions: int, root: Path, folder: Path) -> Source:
    """Return the source of captions of a kind; `folder` gets its file, if it needs one.

    `root`: the folder of Flickr8k.
    """
    if kind == "scenes":
        num_images = -(-num_captions // (_PER_IMAGE - 1))  # a few have fewer captions
        return {"name": "scenes", "num_images": num_images, "names": ["train"]}
    originals = [item for item in Flickr8k(root=root).read("train") if isinstance(item, Caption)]
    change = number_text if kind == "replicated" else vary([caption.text for caption in originals])
    path = folder / "train.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for caption in islice(copies(originals, change), num_captions):
            said = {"image": caption.image, "caption": caption.text}
            file.write(json.dumps(said, ensure_ascii=False) + "\n")
    return {"name": "jsonl", "root": str(path)}


def copies(originals: Sequence[Caption], change: Change) -> Iterator[Caption]:
    """Yield the captions repeatedly, with new images each time, without end."""
    for copy in count():
        for place, caption in enumerate(originals):
            stem, dot, suffix = caption.image.rpartition(".")
            image = f"{stem}-{copy}{dot}{suffix}" if copy else caption.image
            text = change(caption.text, copy, place) if copy else caption.text
            yield Caption(f"{caption.id}-{copy}", image, text)


def number_text(text: str, copy: int, place: int) -> str:  # noqa: ARG001 - all changes are asked alike
    """Return a text that no other copy has."""
    return f"{text} {copy}"


def vary(texts: Sequence[str]) -> Change:
    """Return a change that draws other content words of the forms in these texts."""
    lexicon = lexicons.load()
    form_of = cache(lambda word: _form_of(word, lexicon))
    counts = Counter(word for text in texts for word in text.lower().split())
    by_form = {form: _words_of(form, counts, form_of, lexicon) for form in _FORMS}

    def change(text: str, copy: int, place: int) -> str:
        stream = Stream("varied", copy, place)
        words = [
            by_form[form].draw(stream)
            if (form := form_of(word.lower())) and stream.chance(_CHANGED)
            else word
            for word in text.split()
        ]
        return number_text(" ".join(words), copy, place)

    return change


def _form_of(word: str, lexicon: Lexicon) -> tuple[str, str] | None:
    """Return a word's first form, None if it is not a content word."""
    if not word.isalpha():
        return None
    for tag, pos in _FORMS:
        lemma = lexicon.lemma(word, tag)
        if (lemma != word or tag in {"NN", "JJ"}) and lexicon.word_class(lemma, pos):
            return tag, pos
    return None


def _words_of(
    form: tuple[str, str],
    counts: Counter[str],
    form_of: Callable[[str], tuple[str, str] | None],
    lexicon: Lexicon,
) -> Words:
    """Return the words of a form: those of the corpus, then those of the dictionary."""
    tag, pos = form
    own = [word for word, _ in counts.most_common() if form_of(word) == form]
    lemmas = (lemma for lemma in _lemmas(pos) if lemma.isalpha() and lemma.islower())
    inflected = (lemma if tag in {"NN", "JJ"} else lexicon.inflect(lemma, tag) for lemma in lemmas)
    others = sorted({word for word in inflected if word} - set(own))
    words = (*own, *Stream("dictionary", tag).shuffled(others))
    return Words(words, tuple(accumulate((rank + _FLAT) ** -_ZIPF for rank in range(len(words)))))


def _lemmas(pos: str) -> tuple[str, ...]:
    """Return the dictionary's words of a part of speech."""
    return tuple(lexicons.load().senses.entries[pos])
