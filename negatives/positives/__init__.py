"""Positives: edits that leave a caption certainly true, so that "edited" does not mean "false".

POSITIVE_RULES lists all rules. They work like those of negatives/rules, but each alternative of a
slot says the same as the caption, or something that follows from it.
"""

from collections.abc import Mapping

from negatives.llm.asking import AnyRule
from negatives.positives.absence import Absence
from negatives.positives.clause import Clause
from negatives.positives.conjuncts import Conjuncts
from negatives.positives.existence import Existence
from negatives.positives.inverse import Inverse
from negatives.positives.llm_paraphrase import LlmParaphrase
from negatives.positives.numerals import Numerals
from negatives.positives.synonyms import Synonym
from negatives.positives.voice import Voice

POSITIVE_RULES: Mapping[str, type[AnyRule]] = {
    "conjuncts": Conjuncts,
    "inverse": Inverse,
    "voice": Voice,
    "clause": Clause,
    "existence": Existence,
    "synonym": Synonym,
    "numerals": Numerals,
    "absence": Absence,
    "llm_paraphrase": LlmParaphrase,
}
DEFAULTS = tuple(name for name in POSITIVE_RULES if name not in {"absence", "llm_paraphrase"})
"""The rules that need only the caption: those of `positives: true`."""
