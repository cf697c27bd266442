"""Clauses on what is there and what is not: their words, their truth, and that they are fair."""

import json
from collections import Counter
from collections.abc import Sequence
from math import exp, log
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pytest

from data.edits import Edit, Replacement
from data.records import Caption, Negative, Positive, Row
from data.sources.coco import Coco
from data.streams import Stream
from negatives.fluency.folds import image_key
from negatives.guards.siblings import siblings_in, siblings_of
from negatives.negation.clauses import (
    Vocabulary,
    all_clauses_or_none,
    can_take_a_clause,
    clauses_of,
    cluster_of,
    counterpart_of,
    denies,
)
from negatives.negation.drawing import Pair, draw_pairs, say_what_is_there
from negatives.negation.odds import log_odds
from negatives.parse import Parse
from negatives.words import lexicon as lexicons
from tests.parses import parse_of

LEXICON = lexicons.load()
DOG = "a/DET dog/NOUN on/ADP a/DET lawn/NOUN"


@pytest.mark.parametrize(
    ("tagged", "name", "denied", "affirmed"),
    [
        (DOG, "cat", "a dog on a lawn, and there is no cat", "a dog on a lawn, and there is a cat"),
        (f"{DOG} ./PUNCT", "umbrella", "a dog on a lawn, and there is no umbrella.",
         "a dog on a lawn, and there is an umbrella."),
        (DOG, "skis", "a dog on a lawn, and there are no skis",
         "a dog on a lawn, and there are skis"),
        (f"{DOG} !/PUNCT", "traffic light", "a dog on a lawn, and there is no traffic light!",
         "a dog on a lawn, and there is a traffic light!"),
    ],
)  # fmt: skip
def test_a_clause_stands_before_the_final_mark(
    tagged: str, name: str, denied: str, affirmed: str
) -> None:
    parse = parse_of(tagged)
    clauses = clauses_of(parse, name, LEXICON)
    assert [edit.apply(parse.text) for edit in clauses] == [denied, affirmed]


@pytest.mark.parametrize(
    ("tagged", "may"),
    [
        (DOG, True),
        (f"{DOG} ./PUNCT", True),
        ("a/DET lawn/NOUN with/ADP no/DET dog/NOUN", False),
        ("is/AUX it/PRON a/DET dog/NOUN ?/PUNCT", False),
        (f"{DOG} ./PUNCT it/PRON is/AUX big/ADJ ./PUNCT", False),
    ],
)
def test_a_caption_that_denies_or_asks_takes_none(tagged: str, *, may: bool) -> None:
    assert can_take_a_clause(parse_of(tagged)) is may


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        ("a/DET puppy/NOUN sleeps/VERB", {"dog"}),  # narrower
        ("an/DET animal/NOUN sleeps/VERB", {"dog", "bear", "teddy bear"}),  # wider
        ("a/DET sofa/NOUN", {"couch"}),
        ("a/DET light/NOUN", {"traffic light"}),
        ("the/DET dogs/VERB run/VERB", {"dog"}),  # mistagged
        ("a/DET tree/NOUN", set()),
    ],
)
def test_what_captions_speak_of(tagged: str, expected: set[str]) -> None:
    names = ("dog", "couch", "traffic light", "bear", "teddy bear", "skis")
    said = Vocabulary(names, LEXICON).said(siblings_of([parse_of(tagged)], LEXICON))
    assert said >= expected
    if not expected:
        assert not said


def test_a_false_clause_is_compared_to_the_true_one_of_its_form() -> None:
    parse = parse_of(DOG)
    cat, frisbee = (clauses_of(parse, name, LEXICON) for name in ("cat", "frisbee"))
    true = [Positive(e.apply(parse.text), "rewrite", "existence", "absence", "rule", e, None, 0)
            for e in (cat.denied, frisbee.affirmed)]  # fmt: skip
    false = [Negative(e.apply(parse.text), "negate", "existence", "absence", "rule", e, None, 0)
             for e in (frisbee.denied, cat.affirmed)]  # fmt: skip
    other = Edit((Replacement(2, 5, "cat"),))
    swap = Negative("a cat on a lawn", "replace", "obj", "replace_object", "rule", other, None, 0)
    row = Row("1", ("1.jpg",), parse.text, (*false, swap), tuple(true))
    assert [counterpart_of(row, each) for each in false] == [each.text for each in true]
    assert counterpart_of(row, swap) == row.caption
    assert counterpart_of(row._replace(positives=()), false[0]) == row.caption
    assert [denies(each) for each in false] == [True, False]
    assert all_clauses_or_none(row, before=row) == row
    fewer = row._replace(negatives=(false[0], swap))
    assert all_clauses_or_none(fewer, before=row) == row._replace(negatives=(swap,), positives=())
    none_true = row._replace(positives=())
    assert all_clauses_or_none(none_true, before=row).negatives == (swap,)


def test_the_odds_are_those_of_the_captions_words() -> None:
    num, stream = 4000, Stream("odds")
    outdoors = np.repeat([stream.chance(0.5) for _ in range(num // 5)], 5)  # alike in all folds
    chances = np.where(outdoors, 0.6, 0.1)
    states = np.full((num, 2), -1, np.int8)
    states[:, 0] = [stream.chance(chance) for chance in chances]
    states[:3, 1] = 1  # too rare
    contexts = [{"park", "dog"} if out else {"room", "dog"} for out in outdoors]
    found = log_odds(contexts, states, np.arange(num) % 5)
    assert not found[:, 1].any()
    difference = found[outdoors, 0].mean() - found[~outdoors, 0].mean()
    assert difference == pytest.approx(log(0.6 / 0.4) - log(0.1 / 0.9), abs=0.25)
    assert found[:, 0].reshape(-1, 5).mean(0) == pytest.approx(np.zeros(5), abs=1e-3)


ODDS = {
    "park": {"a": -2.0, "b": -0.5, "c": 0.3, "d": 1.0},
    "room": {"a": 0.5, "b": -1.0, "c": 0.0, "d": -1.5},
}
"""Of worlds of two kinds: how likely each thing is there."""


def drawn_in_worlds(num: int, *, known: float) -> tuple[list[Caption], list[str], list[Pair]]:
    """Return captions, their worlds' kinds, and the pairs drawn with the odds times `known`."""
    captions, kinds, states = [], [], []
    for number in range(num):
        world = Stream("world", number)
        kinds.append(world.choice(sorted(ODDS)))
        states.append(
            {name: world.chance(1 / (1 + exp(-odds))) for name, odds in ODDS[kinds[-1]].items()}
        )
        captions.append(Caption(f"w:{number}", f"image {number} of worlds.jpg", "a caption"))
    odds = np.array([[known * ODDS[kind][name] for name in "abcd"] for kind in kinds])
    pairs = draw_pairs(captions, states, "abcd", odds, seed=0)
    for state, pair in zip(states, pairs, strict=True):
        if pair.there is not None and pair.away is not None:
            assert state[pair.there]
            assert not state[pair.away]
    return captions, kinds, pairs


def test_each_thing_is_there_as_often_as_absent_in_a_cluster() -> None:
    captions, _, pairs = drawn_in_worlds(400, known=1.0)
    surplus = Counter[tuple[int, str | None]]()
    for caption, pair in zip(captions, pairs, strict=True):
        surplus[cluster_of(image_key(caption)), pair.there] += 1
        surplus[cluster_of(image_key(caption)), pair.away] -= 1
    assert sum(pair.away is not None for pair in pairs) > 80
    assert not any(surplus.values())


@pytest.mark.parametrize(("known", "is_fair"), [(1.0, True), (0.0, False)])
def test_a_pair_and_its_mirror_image_are_equally_likely(*, known: float, is_fair: bool) -> None:
    """Where the odds are not known, what is usual in a kind of world is what is there."""
    _, kinds, pairs = drawn_in_worlds(2500, known=known)
    found = Counter((kind, pair.there, pair.away) for kind, pair in zip(kinds, pairs, strict=True))
    worst = 0.0
    for (kind, there, away), count in found.items():
        both = count + found[kind, away, there]
        worst = max(worst, abs(count - both / 2) / (both / 4) ** 0.5 if away else 0.0)
    assert (worst < 4) is is_fair, worst


CATEGORIES = ("dog", "cat", "frisbee", "traffic light", "person")


class Shown(NamedTuple):
    """An image of COCO: its captions, and the things annotated."""

    captions: tuple[str, ...]
    things: tuple[str, ...]


def shown_animals(number: int) -> Shown:
    """Return an image of a dog or cat with a frisbee or traffic light; half are mentioned."""
    stream = Stream("coco", number)
    animal, thing = stream.choice(CATEGORIES[:2]), stream.choice(CATEGORIES[2:4])
    others = ("a frisbee", "a light") if stream.chance(0.5) else ("a thing", "a thing")
    texts = f"a {animal} outside", f"{others[thing == 'traffic light']} in the park"
    return Shown(texts, (animal, thing))


def write_coco(folder: Path, shown: Sequence[Shown], names: Sequence[str]) -> Coco:
    """Write captions and annotations of images."""
    images, captions, instances = [], [], []
    for number, (texts, things) in enumerate(shown):
        images.append({"id": number, "file_name": f"{number:012d}.jpg"})
        captions += [{"id": 2 * number + n, "image_id": number, "caption": text}
                     for n, text in enumerate(texts)]  # fmt: skip
        instances += [{"image_id": number, "category_id": names.index(each)} for each in things]
    categories = [{"id": n, "name": name} for n, name in enumerate(names)]
    for kind, content in (
        ("captions", {"images": images, "annotations": captions}),
        ("instances", {"images": images, "annotations": instances, "categories": categories}),
    ):
        (folder / f"{kind}_val2017.json").write_text(json.dumps(content))
    return Coco(root=folder, instances=folder)


def parsed_captions(source: Coco) -> list[tuple[Caption, Parse]]:
    """Return a source's captions, parsed by a table."""
    tags = {"a": "DET", "the": "DET", "in": "ADP", "outside": "ADV"}
    return [
        (each, parse_of(" ".join(f"{w}/{tags.get(w, 'NOUN')}" for w in each.text.split())))
        for each in source.read("val2017")
        if isinstance(each, Caption)
    ]


def test_coco_denies_what_is_neither_annotated_nor_mentioned(tmp_path: Path) -> None:
    source = write_coco(tmp_path, [shown_animals(number) for number in range(200)], CATEGORIES)
    block = parsed_captions(source)
    siblings = siblings_in(block, LEXICON)
    found = say_what_is_there(block, siblings, source, LEXICON, seed=0, producer=3)
    said = Counter[tuple[str, bool]]()
    for (caption, _), others, each in zip(block, siblings, found, strict=True):
        objects = source.objects(caption.image)
        assert objects is not None
        edits: list[Positive | Negative] = [*each.positives, *each.negatives]
        for edited in edits:
            added = edited.edit.replacements[0].text
            (name,) = (name for name in CATEGORIES if added.endswith(name))
            is_true = denies(edited) == (name in objects.absent)
            assert is_true == isinstance(edited, Positive), edited.text
            assert edited.producer == 3
            said[name, is_true] += denies(edited)
            mentions = " ".join((caption.text, *others.texts))
            assert (name.rpartition(" ")[2] in mentions) == (name in objects.present)
            assert name.rpartition(" ")[2] not in caption.text
    for name in CATEGORIES[:4]:
        assert said[name, True] == said[name, False]
        assert said[name, True] > 10
    assert not said["person", True], "never there, so its denial would tell that it is true"
    assert say_what_is_there(block, siblings, source, LEXICON, seed=0, producer=3) == found


OF_PLACE: Final = {
    "park": ("frisbee", "kite", "umbrella", "bicycle", "horse", "zebra", "truck", "carrot"),
    "room": ("clock", "vase", "laptop", "toilet", "toaster", "pizza", "banana", "book"),
}


def shown_place(number: int) -> Shown:
    """Return an image of a place with a thing, mostly one of that place, mostly named."""
    stream = Stream("places", number)
    place, other = stream.shuffled(sorted(OF_PLACE))
    thing = stream.choice(OF_PLACE[place if stream.chance(0.8) else other])
    text = f"a {thing} in the {place}"
    return Shown((text, text if stream.chance(0.8) else f"somebody in the {place}"), (thing,))


def test_a_place_does_not_tell_which_thing_is_there(tmp_path: Path) -> None:
    """Most captions name their things; the others are too few to learn what goes with a place."""
    names = [name for of_place in OF_PLACE.values() for name in of_place]
    source = write_coco(tmp_path, [shown_place(number) for number in range(700)], names)
    block = parsed_captions(source)
    siblings = siblings_in(block, LEXICON)
    true, false = 0, 0  # clauses on a thing of the place, the other's thing being of another place
    for seed in range(4):
        said = say_what_is_there(block, siblings, source, LEXICON, seed=seed, producer=0)
        for (caption, _), (positives, negatives, _) in zip(block, said, strict=True):
            of_place = OF_PLACE[caption.text.rpartition(" ")[2]]
            there, away = (
                any(edited.text.endswith(of_place) for edited in side if not denies(edited))
                for side in (positives, negatives)
            )
            true, false = true + (there and not away), false + (away and not there)
    assert true + false > 60
    assert true / (true + false) == pytest.approx(0.5, abs=0.15), (true, false)
