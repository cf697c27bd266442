"""What siblings refuse of a block's slots that are laid out for a fit."""

from collections.abc import Sequence
from itertools import product

import numpy as np

from data.records import Caption
from data.texts import normalise
from negatives.building.learning import _refusals
from negatives.choose import Chooser
from negatives.fluency.corpus import Sample
from negatives.fluency.features import FEATURES
from negatives.generator import chooser_of, offers_of
from negatives.guards import GUARDS, context_of
from negatives.guards.candidate import view_of
from negatives.guards.siblings import siblings_in
from negatives.parse import Parse
from negatives.policy import PairPolicy
from negatives.slots import Slot
from tests.parses import parse_of

refuses = GUARDS["a sibling mentions it"].refuses

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


def lay_out(slots: Sequence[Slot]) -> Sample:
    """Return slots as a model lays them out: some are not, some have nothing that is supported."""
    is_laid_out = [number % 7 != 3 for number in range(len(slots))]
    laid = [slot for slot, is_laid in zip(slots, is_laid_out, strict=True) if is_laid]
    supported = [
        number % 6 != 4 and (not place or (place + number) % 3 != 2)
        for number, slot in enumerate(laid)
        for place in range(1 + len(slot.alternatives))
    ]
    num_supported = sum(supported)
    return Sample(
        is_laid_out=np.array(is_laid_out),
        kinds=np.array([f"{slot.type}/{slot.subtype}" for slot in laid]),
        sizes=np.array([1 + len(slot.alternatives) for slot in laid]),
        folds=np.zeros(len(laid), np.uint8),
        supported=np.array(supported),
        names=np.zeros(num_supported, np.uint64),
        features=np.zeros((num_supported, len(FEATURES)), np.float32),
    )


def captions_with_slots(chooser: Chooser) -> list[tuple[Caption, Parse, list[Slot]]]:
    """Return the captions of SAID with their slots; the first word is the image."""
    block = []
    for number, line in enumerate(SAID.split("\n")[1:-1]):
        image, _, tagged = line.partition(" ")
        parse = parse_of(tagged)
        caption = Caption(f"x:{number}", image, parse.text)
        ((offers, _),) = offers_of([(caption, parse)], chooser)
        block.append((caption, parse, [offer.slot for of_rule in offers for offer in of_rule]))
    return block


def test_siblings_refuse_in_a_sample_what_they_refuse_as_a_guard() -> None:
    chooser = chooser_of([{"rule": rule} for rule in RULES], PairPolicy(), 0)
    block = captions_with_slots(chooser)
    siblings = siblings_in([(caption, parse) for caption, parse, _ in block], chooser.lexicon)
    answers: list[list[bool]] = []
    kinds: set[tuple[str, bool]] = set()
    for (caption, parse, slots), others in zip(block, siblings, strict=True):
        context = context_of(parse, normalise(caption.text), others, chooser.lexicon)
        for slot in slots:
            found = [refuses(view_of(slot, edit, "", context)) for edit in slot.alternatives]
            answers.append([False, *found])
            kinds |= {(slot.type, answer) for answer in found}
    assert kinds == set(product(("replace", "swap", "count"), (False, True)))
    sample = lay_out([slot for _, _, slots in block for slot in slots])
    assert set(sample.supported_sizes().tolist()) >= {0, 1, 2}
    of_laid = [found for found, is_laid in zip(answers, sample.is_laid_out, strict=True) if is_laid]
    expected = np.concatenate(of_laid)[sample.supported]
    assert _refusals(block, siblings, sample, chooser).tolist() == expected.tolist()
