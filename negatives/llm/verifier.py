"""The verifier: is a candidate certainly false, grammatical and plausible? Anything but yes is no.

Pure.
"""

from collections.abc import Sequence

from negatives.llm.prompts import chat_messages, prompt, string
from negatives.llm.reading import VERDICT_SCHEMA, verdict_in
from negatives.llm.requests import Failure, Outcome, Request

_PROMPT = "judge-1"
_MAX_TOKENS = 40


def verifier_version() -> str:
    """Return the name and version of the prompt."""
    return prompt(_PROMPT).version


def verifier_requests(caption: str, texts: Sequence[str]) -> list[Request]:
    """Return one question for each changed text of a caption."""
    found = prompt(_PROMPT)
    return [
        Request(
            prompt=found.version,
            caption=caption,
            messages=chat_messages(found, {"caption": string(caption), "changed": string(text)}),
            max_tokens=_MAX_TOKENS,
            place=text,
            schema=VERDICT_SCHEMA,
        )
        for text in texts
    ]


def verdict(outcome: Outcome) -> str | None:
    """Return why a candidate is rejected (by an answer, or for lack of one); None if it is not."""
    if isinstance(outcome, Failure):
        return f"judge: {outcome.reason}"
    is_certain = verdict_in(outcome.text)
    if is_certain is None:
        return "judge: unparsable"
    return None if is_certain else "judged no"
