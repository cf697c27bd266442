"""Words as numbers: small ones within a process, 64-bit hashes that are the same in every process.

The corpus model sees captions in lower case with "an" as "a": capitals and articles follow from
other words (negatives/wording.py), so they must not affect the choice.
"""

import re
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from negatives.words.lexicon import Lexicon

Hashes = NDArray[np.uint64]

PAD, BEGIN, END = 0, 1, 2
_MARKS = ("<pad>", "<begin>", "<end>")
_PIECES = re.compile(r"-|[^\s-]+")
_READINGS = (("NN", "NOUN"), ("NNS", "NOUN"), ("JJ", "ADJ"), ("VBG", "VERB"), ("VBZ", "VERB"))


class Phrases(NamedTuple):
    """Texts for one place: each text's last word, hash and length.

    `by_width[width]`: which texts have `width` words, and these words, concatenated.
    """

    heads: list[int]
    names: list[int]
    characters: list[int]
    by_width: dict[int, tuple[list[int], list[int]]]


class Words:
    """The words that a process has seen, numbered in order of appearance.

    `hashes()[id]` is a word's hash, `class_hashes()[id]` that of its class of interchangeable
    words, or of the word itself if it has none.
    """

    def __init__(self, lexicon: Lexicon) -> None:
        """Start with only the marks."""
        self._lexicon = lexicon
        self._ids: dict[str, int] = {}
        self._hashes: list[int] = []
        self._class_hashes: list[int] = []
        self._phrases: dict[tuple[str, ...], Phrases] = {}
        self._arrays = (np.empty(0, np.uint64), np.empty(0, np.uint64))
        for mark in _MARKS:
            self._add(mark, mark)

    def id_of(self, word: str) -> int:
        """Return the number of a word as written in a caption."""
        known = self._ids.get(word)
        if known is None:
            plain = _plain(word)
            known = self._ids.get(plain)
            if known is None:
                known = self._add(plain, self._class_of(plain))
            self._ids[word] = known
        return known

    def ids_of(self, text: str) -> tuple[int, ...]:
        """Return the numbers of the words of a text; "t-shirt" is three, as in a parse."""
        known = self._ids.get(text)
        if known is not None and text.isalpha():
            return (known,)
        return tuple(map(self.id_of, _PIECES.findall(text)))

    def phrases(self, texts: tuple[str, ...]) -> Phrases:
        """Return these texts as numbers; cached, because classes of words recur."""
        known = self._phrases.get(texts)
        if known is None:
            ids = [self.ids_of(text) for text in texts]
            by_width: dict[int, tuple[list[int], list[int]]] = {}
            for index, pieces in enumerate(ids):
                which, flat = by_width.setdefault(len(pieces), ([], []))
                which.append(index)
                flat += pieces
            heads = [pieces[-1] if pieces else PAD for pieces in ids]
            names = [name_hash(text) for text in texts]
            known = Phrases(heads, names, [len(text) for text in texts], by_width)
            self._phrases[texts] = known
        return known

    def hashes(self) -> Hashes:
        """Return the hash of each word."""
        return self._as_arrays()[0]

    def class_hashes(self) -> Hashes:
        """Return the hash of each word's class."""
        return self._as_arrays()[1]

    def _as_arrays(self) -> tuple[Hashes, Hashes]:
        if len(self._arrays[0]) != len(self._hashes):
            self._arrays = (
                np.array(self._hashes, np.uint64),
                np.array(self._class_hashes, np.uint64),
            )
        return self._arrays

    def _add(self, word: str, its_class: str) -> int:
        number = len(self._hashes)
        self._ids[word] = number
        self._hashes.append(hash_of(word))
        self._class_hashes.append(hash_of(its_class))
        return number

    def _class_of(self, word: str) -> str:
        for tag, pos in _READINGS:
            name = self._lexicon.class_name(self._lexicon.lemma(word, tag), pos)
            if name:
                return f"<{name} {tag}>"
        return word


def _plain(text: str) -> str:
    plain = text.lower()
    return "a" if plain == "an" else plain


def name_hash(text: str) -> int:
    """Return the hash of one or several words, in lower case, with "an" as "a"."""
    return hash_of(_plain(text))


def hash_of(text: str) -> int:
    """Return a 64-bit hash, the same on every machine."""
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
