"""Whether edits betray falsehood: a reader learns to tell positives from negatives of one kind.

Both are edits of one caption, so having been edited does not tell them apart. A kind is measured
where a row has a positive and a negative of it: reordered (the same words in other places),
replaced (some words by others), rewritten (by one rule: "there is a dog" and "there is a cat"), or
clauses (true and false ones, with "no" and without, by the rule absence).
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from data.records import Row
from negatives.auditing import leaks
from negatives.auditing.findings import Finding
from negatives.auditing.forms import VowelSound
from negatives.auditing.gap import ReferenceModel
from negatives.auditing.pairs import Pair, group_of_clauses, groups_of, sample_pairs
from negatives.negation.clauses import RULE


class _Kind(NamedTuple):
    """Types of positives and negatives that are edited alike; `one_rule`: by the same rule."""

    positives: frozenset[str]
    negatives: frozenset[str]
    one_rule: bool = False


KINDS: Final = {
    "reordered": _Kind(frozenset({"reorder"}), frozenset({"swap", "shuffle"})),
    "replaced": _Kind(frozenset({"replace"}), frozenset({"replace", "count"})),
    "rewritten": _Kind(frozenset({"rewrite"}), frozenset({"rewrite"}), one_rule=True),
    "clauses": _Kind(frozenset({"rewrite"}), frozenset({"negate", "add"})),
}


def edited_pairs(rows: Sequence[Row]) -> dict[str, list[Pair]]:
    """Return by kind the pairs of a positive and a negative of one row, the positive first."""
    found: dict[str, list[Pair]] = {name: [] for name in KINDS}
    for row, group in zip(rows, groups_of(rows), strict=True):
        for name, kind in KINDS.items():
            found[name] += [
                Pair(
                    positive.text,
                    negative.text,
                    name,
                    positive.subtype,
                    group_of_clauses(row) if name == "clauses" else group,
                )
                for positive in row.positives
                if positive.type in kind.positives
                and (positive.rule == RULE) == (name == "clauses")
                for negative in row.negatives
                if (negative.rule == RULE) == (name == "clauses")
                and negative.type in kind.negatives
                and (negative.rule == positive.rule or not kind.one_rule)
            ]
    return found


def balance_findings(
    rows: Sequence[Row],
    reference: ReferenceModel | str,
    *,
    seed: int,
    vowel_sound: VowelSound,
) -> Iterator[Finding]:
    """Yield how often readers tell a positive from a negative of its kind, by words and by form.

    The reference model reads them too, if there is one. A folder without positives gives nothing.
    """
    for name, pairs in edited_pairs(rows).items():
        if not pairs:
            continue
        bar = leaks.WORDS
        found = [
            next(leaks.words_of_pairs("positives: words", pairs, seed=seed, bar=bar)),
            next(
                leaks.forms_of_pairs(
                    "positives: form", pairs, seed=seed, bar=bar, vowel_sound=vowel_sound
                )
            ),
        ]
        if not isinstance(reference, str):
            read = sample_pairs(pairs, _MOST_READ, seed=seed, key=f"positives {name}")
            found.append(next(leaks.fluency_findings(read, reference)))
            found[-1] = found[-1]._replace(measure="positives: fluency", bar=bar)
        for finding in found:
            yield finding._replace(group=name)


_MOST_READ: Final = 1000
