"""Scores of a reference model in a file, so that no text is read twice, also in a later run.

A language model reads some hundred tokens a second on a CPU, so it is what a repair spends its time
on. The file is JSON: for each model, by name and version, the log probability of every text it has
read. It is written after each block of texts, so that a killed run continues where it was.
"""

import json
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from data.commit import write_atomically
from data.disk import writing
from data.errors import UsageError
from data.storage import AnyPath
from negatives.auditing.gap import ReferenceModel

_TEXTS_OF_A_BLOCK: Final = 1000

_Scores = dict[str, dict[str, float]]
Report = Callable[[str], None]
"""Called with what is being done, for a line of progress."""


class SavedScores(NamedTuple):
    """A reference model together with the scores that it has given before.

    `file`: where they are kept. `scores`: of every model in the file, by text.
    """

    model: ReferenceModel
    file: AnyPath
    scores: _Scores
    report: Report

    @property
    def name(self) -> str:
        """Return the model's name."""
        return self.model.name

    @property
    def version(self) -> str:
        """Return its version."""
        return self.model.version

    def log_probabilities(self, texts: Sequence[str]) -> list[float]:
        """Return the natural logarithm of each text's probability, from the file if it has it."""
        known = self.scores.setdefault(f"{self.name}, {self.version}", {})
        for start in range(0, len(texts), _TEXTS_OF_A_BLOCK):
            block = texts[start : start + _TEXTS_OF_A_BLOCK]
            new = [text for text in dict.fromkeys(block) if text not in known]
            if new:
                self.report(f"{self.name} reads text {start + 1:,} of {len(texts):,}")
                known.update(zip(new, self.model.log_probabilities(new), strict=True))
                self._save()
        return [known[text] for text in texts]

    def _save(self) -> None:
        with writing(self.file):
            self.file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.file, json.dumps(self.scores, ensure_ascii=False))


def saved_scores(model: ReferenceModel, file: AnyPath, report: Report) -> SavedScores:
    """Return a model with the scores that a file has; none if there is no such file yet.

    Raises:
        UsageError: the file holds something else.
    """
    return SavedScores(model, file, _read(file) if file.exists() else {}, report)


def _read(file: AnyPath) -> _Scores:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    is_known = isinstance(content, dict) and all(
        isinstance(of_model, dict) and all(isinstance(score, float) for score in of_model.values())
        for of_model in content.values()
    )
    if not is_known:
        raise UsageError(
            f"{file}: expected the scores of a language model as an earlier repair wrote them, "
            "found something else; delete it or name another file with --scores"
        )
    scores: _Scores = content
    return scores
