"""Counts over a folder: captions with a negative, kinds, edits, lengths, and repeated texts.

The folder is read row by row. In memory are 8 bytes for each row and each text, a byte for each
negative, the counts, and the name of each distinct edit.
"""

from array import array
from collections import Counter
from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from data.edits import Edit, text_at
from data.records import Negative, Row
from data.texts import normalise
from negatives.auditing.forms import Form, VowelSound, differences, form_of
from negatives.sampling import UNDRAWN

Tables = dict[str, dict[str, int]]

MOST_EDITS: Final = 50
_NONE: Final = "(none)"
_NO_HASH: Final = 0
EQUAL_TO_CAPTION: Final = "negative equals its caption"
EQUAL_TO_SIBLING: Final = "negative equals another caption of the image"
TWICE: Final = "negative is there twice"


class Coverage:
    """Counts over the rows of a folder; `num_negatives` holds one number a row."""

    def __init__(self, vowel_sound: VowelSound) -> None:
        """Start with no rows."""
        self._vowel_sound = vowel_sound
        self.num_negatives: array[int] = array("q")
        self.kinds: Counter[str] = Counter()
        self.edits: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()
        self._captions: array[int] = array("Q")
        self._negatives: array[int] = array("Q")
        self._is_own: array[int] = array("B")
        self._tables: dict[str, Counter[str]] = {
            title: Counter()
            for title in (
                *_LENGTHS,
                "final mark of captions",
                "final mark of negatives",
                "form that differs from the caption",
                "replacements in a negative",
            )
        }

    def add(self, row: Row) -> None:
        """Count a row."""
        self.num_negatives.append(len(row.negatives))
        own = form_of(row.caption, self._vowel_sound)
        self._count_form(own, "caption")
        key = normalise(row.caption)
        if row.image:
            self._captions.append(_hash(row.image, key))
        seen: set[str] = set()
        for negative in row.negatives:
            self._add_negative(row, negative, own)
            text = normalise(negative.text)
            self._faults[EQUAL_TO_CAPTION] += text == key
            self._faults[TWICE] += text in seen
            self._is_own.append(text == key or text in seen)
            seen.add(text)
            has_siblings = row.image and text != key
            self._negatives.append(_hash(row.image, text) if has_siblings else _NO_HASH)

    def faults(self) -> dict[str, int]:
        """Return how many negatives repeat a text, by which text it is."""
        return {
            EQUAL_TO_CAPTION: self._faults[EQUAL_TO_CAPTION],
            EQUAL_TO_SIBLING: int(self._equals_sibling().sum()),
            TWICE: self._faults[TWICE],
        }

    def is_repeat(self) -> NDArray[np.bool_]:
        """Return for each negative, row by row, whether it repeats a text."""
        return np.array(self._is_own, np.bool_) | self._equals_sibling()

    def _equals_sibling(self) -> NDArray[np.bool_]:
        return np.isin(np.array(self._negatives), np.array(self._captions))

    def tables(self) -> Tables:
        """Return the tables of counts, each in the order to be shown."""
        numbers = Counter(map(str, self.num_negatives))
        tables = {
            "negatives by type": _by_count(self.kinds),
            "negatives a caption": _by_number(numbers),
            "negatives that repeat a text": self.faults(),
        }
        for title, counts in self._tables.items():
            tables[title] = _by_number(counts) if title in _NUMBERS else _by_count(counts)
        tables["most frequent edits"] = _by_count(self.edits, most=MOST_EDITS)
        return tables

    def _add_negative(self, row: Row, negative: Negative, own: Form) -> None:
        self.kinds[f"{negative.type}/{negative.subtype}"] += 1
        self.edits[edit_name(negative.edit, row.caption)] += 1
        self._tables["replacements in a negative"][str(len(negative.edit.replacements))] += 1
        form = form_of(negative.text, self._vowel_sound)
        self._count_form(form, "negative")
        self._tables["form that differs from the caption"].update(
            differences(own, form) or ["nothing"]
        )

    def _count_form(self, form: Form, whose: str) -> None:
        self._tables[f"characters of {whose}s"][str(form.num_characters)] += 1
        self._tables[f"words of {whose}s"][str(form.num_words)] += 1
        self._tables[f"final mark of {whose}s"][_visible_mark(form.mark)] += 1


_LENGTHS: Final = (
    "characters of captions",
    "characters of negatives",
    "words of captions",
    "words of negatives",
)
_NUMBERS: Final = frozenset((*_LENGTHS, "replacements in a negative"))


def edit_name(edit: Edit, caption: str) -> str:
    """Return an edit as lower-case text: "red -> blue + blue -> red"."""
    return " + ".join(
        f"{text_at(caption, start, end).strip() or _NONE} -> {new.strip() or _NONE}".lower()
        for start, end, new in edit.replacements
    )


def rejects_by_reason(slots_by_outcome: dict[str, int]) -> dict[str, int]:
    """Return the number of rejected draws by reason, from a manifest's tally of "rule: outcome"."""
    reasons: Counter[str] = Counter()
    for name, count in slots_by_outcome.items():
        reason = name.partition(": ")[2]
        if reason not in _NO_REJECTS:
            reasons[reason] += count
    return _by_count(reasons)


_NO_REJECTS: Final = UNDRAWN | {"slots", "accepted", ""}


def _by_count(counts: Counter[str], *, most: int | None = None) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most])


def _by_number(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: int(item[0])))


def _visible_mark(mark: str) -> str:
    return mark.replace(" ", "␣") or _NONE


def _hash(image: str, text: str) -> int:
    key = f"{image}\0{text}".encode(errors="surrogatepass")
    return int.from_bytes(blake2b(key, digest_size=8).digest())
