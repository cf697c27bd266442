"""Positives against negatives of their kind: which pairs count, and that a sign is found."""

from data.edits import edit_between
from data.records import Negative, Positive, Row
from negatives.auditing.balance import balance_findings, edited_pairs
from negatives.auditing.pairs import group_of_clauses
from negatives.negation.clauses import RULE
from negatives.words import lexicon


def row(number: int, caption: str, positives: dict[str, str], negatives: dict[str, str]) -> Row:
    """Return a row with texts by their types."""

    def fields(text: str, type_: str) -> tuple[object, ...]:
        edit = edit_between(caption, text)
        return (text, type_, "obj", "rule", "rule", edit, None, 0)

    return Row(
        f"id:{number}",
        (f"{number}.jpg",),
        caption,
        tuple(Negative(*fields(text, of)) for of, text in negatives.items()),  # type: ignore[arg-type]
        tuple(Positive(*fields(text, of)) for of, text in positives.items()),  # type: ignore[arg-type]
    )


def with_clauses(row: Row) -> Row:
    """Return a row whose edits are of the rule absence."""
    return row._replace(
        positives=tuple(each._replace(rule=RULE) for each in row.positives),
        negatives=tuple(each._replace(rule=RULE) for each in row.negatives),
    )


def test_pairs_are_of_one_row_and_kind() -> None:
    rows = [
        row(
            0,
            "a red cat and a dog",
            {"reorder": "a dog and a red cat", "rewrite": "there is a red cat and a dog"},
            {
                "swap": "a red dog and a cat",
                "replace": "a red cow and a dog",
                "rewrite": "there is a red cow and a dog",
            },
        ),
        row(1, "a sofa", {"replace": "a couch"}, {"count": "two sofas", "negate": "no sofa"}),
        with_clauses(
            row(
                2,
                "a sofa",
                {"rewrite": "a sofa, and there is no cat"},
                {"negate": "a sofa, and there is no dog", "add": "a sofa, and there is a cat"},
            )
        ),
    ]
    pairs = edited_pairs(rows)
    assert {pair.group for pair in pairs["clauses"]} == {group_of_clauses(rows[2])}
    assert {pair.group for name in pairs if name != "clauses" for pair in pairs[name]} == {0, 1}
    found = {name: [(pair.caption, pair.text) for pair in pairs[name]] for name in pairs}
    assert found == {
        "reordered": [("a dog and a red cat", "a red dog and a cat")],
        "replaced": [("a couch", "two sofas")],
        "rewritten": [
            ("there is a red cat and a dog", "there is a red cow and a dog"),
        ],
        "clauses": [
            ("a sofa, and there is no cat", "a sofa, and there is no dog"),
            ("a sofa, and there is no cat", "a sofa, and there is a cat"),
        ],
    }


def test_a_reader_finds_the_sign_of_truth() -> None:
    words = ["dog", "cat", "cow", "pig", "bus", "car", "hat", "cup"]
    rows = [
        row(
            number,
            f"a {words[number % 8]} on a couch number {number}",
            {"replace": f"a {words[number % 8]} on a sofa number {number}"},
            {"replace": f"a {words[(number + 3) % 8]} on a couch number {number}"},
        )
        for number in range(80)
    ]
    found = {
        (finding.measure, finding.group): finding.value
        for finding in balance_findings(
            rows, "no model", seed=0, vowel_sound=lexicon.load().vowel_sound
        )
    }
    assert found["positives: words", "replaced"] == 1.0
    assert {group for _, group in found} == {"replaced"}
