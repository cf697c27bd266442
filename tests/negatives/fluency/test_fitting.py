"""What is fitted to slots: biases outside of each fold, flows in balance, what siblings refuse."""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from data.records import Caption
from data.streams import Stream
from data.texts import normalised
from negatives.choose import Chooser, Policy, offers_of
from negatives.draws import acceptance
from negatives.fluency.corpus import POOLED, CorpusModel, Sample
from negatives.fluency.counts import NUM_FOLDS, Table
from negatives.fluency.features import FEATURES
from negatives.fluency.fitting import Fitted, _biases, _Drawable, fitted
from negatives.fluency.folds import Folds
from negatives.guards import GUARDS, context_of
from negatives.guards.candidate import view_of
from negatives.guards.siblings import siblings_in
from negatives.learning import _refused
from negatives.parse import Parse
from negatives.producers import chooser_of
from negatives.slots import Slot
from tests.parses import parse_of

REACH = 3.0
NUM_WORDS = 4
FOLD = 2

refuses = GUARDS["a sibling mentions it"].refuses


# --- biases do not see their own fold ---


def drawable(seed: str, *, num: int = 600) -> _Drawable:
    """Return alternatives of words 0 to 3, each in one of two companies: names 4 to 11."""
    stream = Stream("drawable", seed)
    rows = []
    for _ in range(num):
        own = stream.below(NUM_WORDS)
        other = (own + 1 + stream.below(NUM_WORDS - 1)) % NUM_WORDS
        company = NUM_WORDS * (1 + stream.below(2))
        if own or other != 1 or stream.chance(0.2):  # one-sided, so that there is what to balance
            gain = 2 * stream.unit() - 1
            rows.append((gain, own, other, company, stream.below(NUM_FOLDS)))
    gains, own, other, company, fold = (np.array(column) for column in zip(*rows, strict=True))
    names = np.array([[own, other], [own + company, other + company]])
    return _Drawable(gains, names, fold, np.zeros(len(gains), np.int64))


def with_fold_of(drawn: _Drawable, another: _Drawable, fold: int) -> _Drawable:
    """Return `drawn` with the captions of one fold from another."""
    left, taken = drawn.fold != fold, another.fold == fold
    return _Drawable(
        *(
            np.concatenate([one[..., left], two[..., taken]], axis=-1)
            for one, two in zip(drawn, another, strict=True)
        )
    )


def test_biases_of_a_fold_do_not_change_with_its_captions() -> None:
    """The last round balances words over all folds; those in their company it leaves alone.

    These are fitted on top of the words' of the same fold, so that they tell of both.
    """
    drawn = drawable("one")
    changed = with_fold_of(drawn, drawable("two", num=900), FOLD)
    assert len(changed.gains) != len(drawn.gains)
    before, after = (_biases(each, 3 * NUM_WORDS, reach=REACH) for each in (drawn, changed))
    in_company = slice(NUM_WORDS, None)
    assert np.array_equal(before[in_company, FOLD], after[in_company, FOLD])
    assert np.abs(before[in_company, FOLD]).max() > 0.01
    for fold in set(range(NUM_FOLDS)) - {FOLD}:
        assert not np.array_equal(before[in_company, fold], after[in_company, fold])


# --- flows in balance ---


def one_sided() -> Sample:
    """Return slots of four words; where word 0 is the caption's, most with word 1 are refused."""
    stream = Stream("one-sided")
    names, companies, features, refused, folds = [], [], [], [], []
    num_slots = 1500
    for _ in range(num_slots):
        own, company = stream.below(NUM_WORDS), stream.below(2)
        for word in (own, *(word for word in range(NUM_WORDS) if word != own)):
            names.append(word)
            companies.append(NUM_WORDS * (1 + company) + word)
            features.append([stream.unit() for _ in FEATURES])
            refused.append(own == 0 and word == 1 and stream.chance(0.8))
        folds.append(stream.below(NUM_FOLDS))
    return Sample(
        is_laid_out=np.ones(num_slots, bool),
        kinds=np.full(num_slots, "replace/obj"),
        sizes=np.full(num_slots, NUM_WORDS),
        folds=np.array(folds, np.uint8),
        alive=np.ones(len(names), bool),
        names=np.array(names, np.uint64),
        companies=np.array(companies, np.uint64),
        features=np.array(features, np.float32),
        refused=np.array(refused),
    )


def net_flow(sample: Sample, found: Fitted) -> NDArray[np.float64]:
    """Return how often each word comes in less how often it goes out, as the draws have it."""
    nothing, none = np.zeros(0, np.uint64), np.zeros(0, np.uint8)
    model = CorpusModel(
        table=Table(nothing, np.zeros((0, NUM_FOLDS), np.uint32)),
        folds=Folds(nothing, none, nothing, none),
        num_captions=0,
        **found._asdict(),
    )
    net = np.zeros(NUM_WORDS)
    names = sample.names.astype(int).reshape(-1, NUM_WORDS)
    refused = sample.refused.reshape(-1, NUM_WORDS)
    for scores, words, refuses in zip(model.scores(sample), names, refused, strict=True):
        for place in range(1, NUM_WORDS):
            if not refuses[place]:
                chance = acceptance(scores[0], scores[place], reach=REACH)
                net[words[place]] += chance
                net[words[0]] -= chance
    return net


def test_what_is_refused_on_one_side_is_made_up_for() -> None:
    sample = one_sided()
    found = fitted([sample], reach=REACH)
    unaware = fitted([sample._replace(refused=np.zeros_like(sample.refused))], reach=REACH)
    assert set(found.weights) == {POOLED, "replace/obj"}
    assert found.keep == {"replace/obj": 1.0}
    assert np.abs(net_flow(sample, unaware)).max() > 100
    assert np.abs(net_flow(sample, found)).max() < 5


def test_samples_of_several_blocks_are_one() -> None:
    """Split in two, with slots between that have nothing alive: the same weights and biases."""
    whole = one_sided()
    cut = 700
    rows = cut * NUM_WORDS
    by_slot, by_row = ("is_laid_out", "kinds", "sizes", "folds"), ("alive", "names", "companies")
    by_row = (*by_row, "features", "refused")
    parts = [
        whole._replace(
            **{field: getattr(whole, field)[slots] for field in by_slot},
            **{field: getattr(whole, field)[candidates] for field in by_row},
        )
        for slots, candidates in (
            (slice(cut), slice(rows)),
            (slice(cut, None), slice(rows, None)),
        )
    ]
    dead = parts[0]._replace(
        **{field: getattr(parts[0], field)[:1] for field in by_slot},
        alive=np.zeros(NUM_WORDS, bool),
        **{field: getattr(parts[0], field)[:0] for field in by_row[1:]},
    )
    one, several = fitted([whole], reach=REACH), fitted([parts[0], dead, parts[1]], reach=REACH)
    assert np.array_equal(one.biases, several.biases)
    assert np.array_equal(one.weights[POOLED], several.weights[POOLED])
    assert fitted([dead], reach=REACH).names.shape == (0,)


# --- what siblings refuse ---

SAID = """
one a/DET//det>1 dog/NOUN//nsubj>2 sits/VERB/VBZ/ROOT>2 on/ADP//prep>2 a/DET red/ADJ couch/NOUN
one a/DET//det>1 cat/NOUN//nsubj>2 lies/VERB/VBZ/ROOT>2 near/ADP//prep>2 a/DET blue/ADJ chair/NOUN
one two/NUM/CD/nummod>1 dogs/NOUN/NNS/nsubj>2 stand/VERB/VBP/ROOT>2 on/ADP an/DET armchair/NOUN
two a/DET//det>1 dog/NOUN//nsubj>2 bites/VERB/VBZ/ROOT>2 a/DET//det>4 horse/NOUN//dobj>2
one three/NUM/CD/nummod>1 dogs/NOUN/NNS/nsubj>2 sit/VERB/VBP/ROOT>2 near/ADP a/DET cat/NOUN
one a/DET red/ADJ//amod>2 cat/NOUN is/AUX on/ADP a/DET white/ADJ//amod>7 chair/NOUN//pobj>4
one a/DET white/ADJ//amod>2 cat/NOUN is/AUX on/ADP a/DET red/ADJ//amod>7 chair/NOUN//pobj>4
"""
RULES = ("swap", "replace_object", "replace_attribute", "replace_action", "count")


def laid_out(slots: Sequence[Slot]) -> Sample:
    """Return slots as a model lays them out: some are not, some have nothing that is alive."""
    is_laid_out = [number % 7 != 3 for number in range(len(slots))]
    laid = [slot for slot, is_laid in zip(slots, is_laid_out, strict=True) if is_laid]
    alive = [
        number % 6 != 4 and (not place or (place + number) % 3 != 2)
        for number, slot in enumerate(laid)
        for place in range(1 + len(slot.alternatives))
    ]
    num_alive = sum(alive)
    return Sample(
        is_laid_out=np.array(is_laid_out),
        kinds=np.array([f"{slot.type}/{slot.subtype}" for slot in laid]),
        sizes=np.array([1 + len(slot.alternatives) for slot in laid]),
        folds=np.zeros(len(laid), np.uint8),
        alive=np.array(alive),
        names=np.zeros(num_alive, np.uint64),
        companies=np.zeros(num_alive, np.uint64),
        features=np.zeros((num_alive, len(FEATURES)), np.float32),
    )


def said(chooser: Chooser) -> list[tuple[Caption, Parse, list[Slot]]]:
    """Return the captions of SAID with their slots; the first word is the image."""
    block = []
    for number, line in enumerate(SAID.split("\n")[1:-1]):
        image, _, tagged = line.partition(" ")
        parse = parse_of(tagged)
        slots = [slot for found in offers_of(parse, chooser) for slot, _ in found]
        block.append((Caption(f"x:{number}", image, parse.text), parse, slots))
    return block


def test_siblings_refuse_in_a_sample_what_they_refuse_as_a_guard() -> None:
    chooser = chooser_of([{"rule": rule} for rule in RULES], Policy(), 0)
    block = said(chooser)
    siblings = siblings_in([(caption, parse) for caption, parse, _ in block], chooser.lexicon)
    answers: list[list[bool]] = []
    kinds: set[tuple[str, bool]] = set()
    for (caption, parse, slots), others in zip(block, siblings, strict=True):
        context = context_of(parse, normalised(caption.text), others, chooser.lexicon)
        for slot in slots:
            found = [refuses(view_of(slot, edit, "", context)) for edit in slot.alternatives]
            answers.append([False, *found])
            kinds |= {(slot.type, answer) for answer in found}
    assert kinds == set(product(("replace", "swap", "count"), (False, True)))
    sample = laid_out([slot for _, _, slots in block for slot in slots])
    assert set(sample.alive_sizes().tolist()) >= {0, 1, 2}
    of_laid = [found for found, is_laid in zip(answers, sample.is_laid_out, strict=True) if is_laid]
    expected = np.concatenate(of_laid)[sample.alive]
    assert _refused(block, siblings, sample, chooser).tolist() == expected.tolist()
