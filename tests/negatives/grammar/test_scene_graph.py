import pytest

from negatives.grammar.scene_graph import Element, scene_graph
from negatives.parse import Parse
from negatives.words.lexicon import Table
from tests.parses import parse_of

LEXICON = Table(forms={("sit", "VBG"): "sitting", ("look", "VBG"): "looking"})


def graph_of(tagged: str) -> dict[str, list[str]]:
    parse = parse_of(tagged)
    graph = scene_graph(parse, lexicon=LEXICON, phrasal_verbs=frozenset(("sit on",)))
    return {
        kind: [_describe(parse, element) for element in elements]
        for kind, elements in graph._asdict().items()
        if elements
    }


def _describe(parse: Parse, element: Element) -> str:
    words = " ".join(token.text for token in parse.tokens[element.first : element.last + 1])
    root = parse.tokens[element.root].text
    return (
        words
        + (f" [{root}]" if root != words else "")
        + f" x{element.num_pairs}" * (element.num_pairs > 1)
    )


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        (
            (
                "[a/DET/DT/det>2 red/ADJ/JJ/amod>2 car/NOUN/NN/ROOT>2] by/ADP/IN/prep>2 "
                "[two/NUM/CD/nummod>5 trees/NOUN/NNS/pobj>3]"
            ),
            {
                "entities": ["a red car [car]", "two trees [trees]"],
                "modifiers": ["a", "red", "two"],
                "relations": ["by"],
            },
        ),
        (
            "[man/NOUN/NN/nsubj>1] rides/VERB/VBZ/ROOT>1 [horse/NOUN/NN/dobj>1]",
            {"entities": ["man", "horse"], "relations": ["rides"]},
        ),
        (
            (
                "[horse/NOUN/NN/nsubjpass>2] is/AUX/VBZ/auxpass>2 ridden/VERB/VBN/ROOT>2 "
                "by/ADP/IN/agent>2 [man/NOUN/NN/pobj>3]"
            ),
            {"entities": ["horse", "man"], "relations": ["ridden"]},
        ),
        (
            "[cat/NOUN/NN/ROOT>0] sitting/VERB/VBG/acl>0 on/ADP/IN/prep>1 [sofa/NOUN/NN/pobj>2]",
            {"entities": ["cat", "sofa"], "relations": ["sitting on [sitting]"]},
        ),
        (
            "[cat/NOUN/NN/ROOT>0] looking/VERB/VBG/acl>0 at/ADP/IN/prep>1 [sofa/NOUN/NN/pobj>2]",
            {"entities": ["cat", "sofa"], "relations": ["at"]},
        ),
        (  # "front" is no entity: it belongs to the preposition
            (
                "[dog/NOUN/NN/ROOT>0] in/ADP/IN/prep>0 [front/NOUN/NN/pobj>1] of/ADP/IN/prep>2 "
                "[barn/NOUN/NN/pobj>3]"
            ),
            {"entities": ["dog", "barn"], "relations": ["in front of [in]"]},
        ),
        (
            (
                "[dog/NOUN/NN/nsubj>1] sits/VERB/VBZ/ROOT>1 next/ADV/RB/advmod>1 to/ADP/IN/prep>2 "
                "[barn/NOUN/NN/pobj>3]"
            ),
            {"entities": ["dog", "barn"], "relations": ["next to [next]"]},
        ),
        (
            "[dog/NOUN/NN/ROOT>0] next/ADJ/JJ/amod>0 to/ADP/IN/prep>1 [barn/NOUN/NN/pobj>2]",
            {"entities": ["dog", "barn"], "modifiers": ["next"], "relations": ["next to [next]"]},
        ),
        (
            "[dog/NOUN/NN/nsubj>1] is/AUX/VBZ/ROOT>1 in/ADP/IN/prep>1 [barn/NOUN/NN/pobj>2]",
            {"entities": ["dog", "barn"], "relations": ["in"]},
        ),
        (  # a man and a dog, each on the sofa
            (
                "[man/NOUN/NN/ROOT>0] and/CCONJ/CC/cc>0 [dog/NOUN/NN/conj>0] on/ADP/IN/prep>0 "
                "[sofa/NOUN/NN/pobj>3]"
            ),
            {"entities": ["man", "dog", "sofa"], "relations": ["on x2"]},
        ),
        (  # adjectives of the compound, and those joined to an adjective
            (
                "[black/ADJ/JJ/amod>4 and/CCONJ/CC/cc>0 white/ADJ/JJ/conj>0 "
                "stone/NOUN/NN/compound>4 church/NOUN/NN/ROOT>4]"
            ),
            {
                "entities": ["black and white stone church [church]"],
                "modifiers": ["black", "white"],
            },
        ),
        ("it/PRON/PRP/nsubj>1 rains/VERB/VBZ/ROOT>1", {}),
    ],
)
def test_elements(tagged: str, expected: dict[str, list[str]]) -> None:
    assert graph_of(tagged) == expected


def test_no_tokens() -> None:
    assert graph_of("") == {}


def test_compounds_in_a_circle() -> None:
    parse = graph_of("[stone/NOUN/NN/compound>1 church/NOUN/NN/compound>0]")
    assert parse == {"entities": ["stone church [church]"]}
