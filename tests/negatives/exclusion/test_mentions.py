"""What captions say by place: tagged by hand, so that no model is loaded."""

import pytest

from negatives.exclusion.mentions import Numbering, mentions_of
from negatives.words.lexicon import Table
from tests.parses import parse_of

LEXICON = Table(forms={("ride", "VBG"): "riding", ("dog", "NNS"): "dogs"})

CASES = {
    "A/DET/DT/det>1 man/NOUN/NN/nsubj>2 riding/VERB/VBG/ROOT horses/NOUN/NNS/dobj>2": {
        ("noun", "man"), ("verb", "ride"), ("verb of man", "ride"),
        ("noun", "horses"), ("noun under ride", "horses"),
    },
    "red/ADJ/JJ/amod>1 shirt/NOUN/NN/ROOT on/ADP/IN/prep>1 dogs/NOUN/NNS/pobj>2": {
        ("adj", "red"), ("adj of shirt", "red"), ("noun", "shirt"),
        ("noun", "dog"), ("noun after on", "dog"),
    },
    "tennis/NOUN/NN/compound>1 racket/NOUN/NN/ROOT": {
        ("noun", "racket"), ("noun", "tennis racket"),
    },
    "man/NOUN/NN/ROOT riding/VERB/VBG/acl>0": {
        ("noun", "man"), ("verb", "ride"), ("verb of man", "ride"),
    },
    "broken/VERB/VBN/amod>1 chair/NOUN/NN/ROOT": {("adj", "broken"), ("noun", "chair")},
    "is/AUX/VBZ/ROOT": set(),
}  # fmt: skip


@pytest.mark.parametrize("tagged", CASES)
def test_what_a_caption_says(tagged: str) -> None:
    numbering = Numbering(LEXICON)
    names = numbering.names
    said = {
        (names[numbering.places[mention]], names[numbering.words[mention]])
        for mention in mentions_of(parse_of(tagged), numbering, by_head=True)
    }
    assert said == CASES[tagged]
    general = {numbering.places[mention] for mention in mentions_of(parse_of(tagged), numbering)}
    assert {names[place] for place in general} <= {"noun", "adj", "verb"}
