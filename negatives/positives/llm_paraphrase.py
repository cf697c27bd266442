"""`llm_paraphrase`: a language model rephrases the caption freely. Pure.

Its answer becomes an edit of the caption like any other. Whether it says the same is not left to
the model: the answer is parsed and compared with the caption (agreement.py) before it is kept.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from data.edits import edit_between, text_at
from data.errors import UsageError
from data.texts import normalise
from negatives.llm.asking import Proposals
from negatives.llm.prompts import chat_messages, prompt, string
from negatives.llm.reading import PARAPHRASE_SCHEMA, TWICE, UNPARSABLE, paraphrase_in
from negatives.llm.requests import MAX_CHARACTERS, TOO_LONG, Failure, Outcome, Request
from negatives.parse import Parse
from negatives.slots import Slot

_PROMPT = "paraphrase-1"
_MAX_TOKENS = 160
_ARTICLES = frozenset({"a", "an", "the"})


@dataclass(frozen=True, kw_only=True, slots=True)
class LlmParaphrase:
    """ "a man riding a horse in a park" -> "in a park, a man is riding a horse".

    One slot an answer. `answers`: how many are drawn for a caption, at the `temperature`.
    """

    answers: int = 1
    temperature: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse several answers that would all be the same."""
        if not 0 <= self.temperature < inf or self.answers < 1:
            raise UsageError(
                "rule llm_paraphrase: expected one answer or more and a temperature of 0 or more, "
                f"found {self.answers} and {self.temperature}"
            )
        if self.answers > 1 and self.temperature <= 0:
            raise UsageError(
                "rule llm_paraphrase: expected one answer, or a temperature above 0, found "
                f"{self.answers} answers at {self.temperature}"
            )

    @property
    def verify(self) -> bool:
        """Return False: answers are held against the caption's parse, not judged by a model."""
        return False

    @property
    def prompt(self) -> str:
        """Return the name and version of the prompt."""
        return prompt(_PROMPT).version

    def requests(self, parse: Parse) -> list[Request]:
        """Return what is asked about a caption; nothing about one that is very long."""
        if len(parse.text) > MAX_CHARACTERS or not parse.tokens:
            return []
        found = prompt(_PROMPT)
        return [
            Request(
                prompt=found.version,
                caption=parse.text,
                messages=chat_messages(found, {"caption": string(parse.text)}),
                max_tokens=_MAX_TOKENS,
                temperature=self.temperature,
                seed=self.seed,
                sample=sample,
                schema=PARAPHRASE_SCHEMA,
            )
            for sample in range(self.answers)
        ]

    def slots(self, parse: Parse, outcomes: Sequence[Outcome]) -> Proposals:
        """Return what the outcomes of the same requests, in their order, are worth."""
        reasons: Counter[str] = Counter()
        if len(parse.text) > MAX_CHARACTERS:
            reasons[TOO_LONG] += 1
        slots: list[Slot] = []
        own = _without_articles(parse.text)
        seen = set[str]()
        for outcome in outcomes:
            if isinstance(outcome, Failure):
                reasons[outcome.reason] += 1
                continue
            answer = paraphrase_in(outcome.text)
            text = None if answer is None else _in_form_of(parse.text, answer)
            edit = None if text is None else edit_between(parse.text, text)
            if text is None:
                reasons[UNPARSABLE] += 1
            elif edit is None or _without_articles(text) == own:
                reasons["unchanged"] += 1
            elif _without_articles(text) in seen:
                reasons[TWICE] += 1
            else:
                seen.add(_without_articles(text))
                slots.append(Slot("llm_paraphrase", "rewrite", "order", (edit,), reversible=False))
        return slots, reasons


def _without_articles(text: str) -> str:
    """Return a text as it is compared: another article makes no paraphrase."""
    return " ".join(word for word in normalise(text).split() if word not in _ARTICLES)


def _in_form_of(caption: str, answer: str) -> str | None:
    """Return an answer that begins and ends as its caption does; None for an empty one."""
    text = " ".join(answer.split()).rstrip(" .!")
    if not text:
        return None
    end = len(caption.rstrip())
    mark = text_at(caption, end - 1, end)
    is_capital = text_at(caption.lstrip(), 0, 1).isupper()
    first = text_at(text, 0, 1)
    is_plain = first.islower() or text_at(text, 1, 2).islower() or text_at(text, 1, 2) == " "
    if is_capital:
        first = first.upper()
    elif is_plain and text_at(text, 0, 2) != "I ":
        first = first.lower()
    return f"{first}{text_at(text, 1, len(text))}{mark if mark in '.!' else ''}"
