"""Slots as arrays: windows, heads and pairs of each candidate, on captions tagged by hand."""

from collections.abc import Sequence

import pytest

from data.edits import Edit, Replacement
from negatives.fluency.candidates import MOST_CANDIDATES, Block
from negatives.fluency.captions import index_caption
from negatives.fluency.words import BEGIN, END, PAD, Words, name_hash
from negatives.slots import Lazy, Slot, Substitutes
from negatives.words.lexicon import Table
from tests.parses import parse_of

CAPTION = (
    "[a/DET//det>2 red/ADJ//amod>2 car/NOUN//nsubj>3] stands/VERB//ROOT>3 on/ADP//prep>3 "
    "[the/DET//det>6 street/NOUN//pobj>4]"
)
PARSE = parse_of(CAPTION)


def words_of(block: Block, ids: Sequence[int]) -> list[str]:
    """Return the words that these numbers stand for."""
    known = {block.words.id_of(word): word for word in _VOCABULARY}
    return [{BEGIN: "^", END: "$", PAD: "_"}.get(number) or known[number] for number in ids]


_VOCABULARY = (
    "a", "red", "car", "stands", "on", "the", "street",
    "dog", "fire", "truck", "blue", "in", "front", "of", "amod", "nsubj",
)  # fmt: skip


def edit(*changes: tuple[str, str]) -> Edit:
    """Return an edit of the caption, which has each of these words once."""
    found = []
    for old, new in changes:
        start = PARSE.text.index(old)
        found.append(Replacement(start, start + len(old), new))
    return Edit(tuple(found))


def slot_of(*alternatives: Edit) -> Slot:
    return Slot("replace_object", "replace", "obj", alternatives)


def lay_out(*slots: Slot) -> tuple[Block, list[bool]]:
    block = Block(Words(Table()))
    return block, block.add(index_caption(PARSE, block.words), slots, 3)


def windows_of(block: Block) -> dict[int, list[str]]:
    """Return the words of each candidate's window."""
    return dict(
        sorted(
            (candidate, words_of(block, ids))
            for window in block.windows()
            for candidate, ids in zip(window.candidate.tolist(), window.ids.tolist(), strict=True)
        )
    )


def rows_of(flat: Sequence[int], width: int) -> list[tuple[int, ...]]:
    """Return rows of numbers that stand one after another."""
    return list(zip(*[iter(flat)] * width, strict=True))


def test_candidates_of_one_word() -> None:
    block, added = lay_out(slot_of(edit(("car", "dog")), edit(("car", "fire truck"))))
    assert added == [True]
    assert (block.sizes, block.folds) == ([3], [3])
    assert {number: " ".join(words) for number, words in windows_of(block).items()} == {
        0: "a red car stands on",
        1: "a red dog stands on",
        2: "a red fire truck stands on",
    }
    assert words_of(block, block.heads) == ["car", "dog", "truck"]
    assert block.characters == [3, 3, 10]
    spans = [
        (first, size, *words_of(block, [name, other]), bool(governs))
        for first, size, name, other, governs in rows_of(block.spans, 5)
    ]
    assert spans == [(0, 3, "amod", "red", False), (0, 3, "nsubj", "stands", True)]
    beside = [
        (first, size, *words_of(block, [other])) for first, size, other in rows_of(block.beside, 3)
    ]
    assert beside == [(0, 3, "red"), (0, 3, "stands"), (0, 3, "street")]
    assert block.names == [name_hash(text) for text in ("car", "Dog", "fire truck")]
    assert block.pairs == []


def test_texts_for_one_place_are_laid_out_as_their_edits_are() -> None:
    texts = ("dog", "fire truck", "street", "")
    ((start, end, _),) = edit(("car", "")).replacements
    lazy = slot_of()._replace(alternatives=Substitutes(start, end, texts))
    plain = slot_of(*(edit(("car", text)) for text in texts))
    assert list(lazy.alternatives) == list(plain.alternatives)
    (left, _), (right, _) = lay_out(lazy, plain), lay_out(plain, plain)
    for field in ("sizes", "folds", "coverage", "heads", "characters", "names"):
        assert getattr(left, field) == getattr(right, field), field
    for field in ("spans", "beside", "pairs"):
        assert getattr(left, field) == getattr(right, field), field
    assert windows_of(left) == windows_of(right)


def test_a_phrase_has_the_pairs_of_its_head() -> None:
    block, _ = lay_out(slot_of(edit(("red car", "blue dog"))))
    assert words_of(block, block.heads) == ["car", "dog"]
    assert [words_of(block, [row[2]]) for row in rows_of(block.spans, 5)] == [["nsubj"]]
    assert windows_of(block)[1] == ["^", "a", "blue", "dog", "stands", "on"]


def test_the_end_of_a_caption_is_seen_and_nothing_beyond() -> None:
    block, _ = lay_out(slot_of(edit(("street", "dog"))), slot_of(edit(("on", "in front of"))))
    windows = windows_of(block)
    assert windows[1] == ["on", "the", "dog", "$", "_"]
    assert windows[3] == ["car", "stands", "in", "front", "of", "the", "street"]
    assert block.sizes == [2, 2]


def test_candidates_of_several_places() -> None:
    """A swap is one change from the first place to the last; what stays is in the window."""
    block, added = lay_out(
        slot_of(edit(("car", "street"), ("street", "car")), edit(("car", "dog")))
    )
    assert added == [True]
    assert {number: " ".join(words) for number, words in windows_of(block).items()} == {
        0: "a red car stands on the street $ _",
        1: "a red street stands on the car $ _",
        2: "a red dog stands on the street $ _",
    }
    assert block.heads == [PAD] * 3
    pairs = [(number, *words_of(block, ids)) for number, *ids in rows_of(block.pairs, 4)]
    assert pairs == [
        (0, "amod", "car", "red"),
        (0, "nsubj", "stands", "car"),
        (0, "on", "stands", "street"),
        (1, "amod", "street", "red"),
        (1, "nsubj", "stands", "street"),
        (1, "on", "stands", "car"),
        (2, "amod", "dog", "red"),
        (2, "nsubj", "stands", "dog"),
        (2, "on", "stands", "street"),
    ]


@pytest.mark.parametrize(
    "alternatives",
    [
        [edit(("ca", "ba"))],  # a part of a word
        [edit(("car stands", "dog")), edit(("stands on", "is in"))],  # places that overlap
        [],
        Lazy(MOST_CANDIDATES, lambda _: edit(("car", "dog"))),
    ],
)
def test_what_cannot_be_laid_out_is_said(alternatives: Sequence[Edit]) -> None:
    good = slot_of(edit(("car", "dog")))
    bad = Slot("blur", "replace", "obj", alternatives)
    block, added = lay_out(good, bad, good)
    assert added == [True, False, True]
    assert block.sizes == [2, 2]
    assert len(block.heads) == len(block.names) == len(block.characters) == 4
