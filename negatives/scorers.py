"""Scorers: models of how likely the alternatives of a slot are, compared with the caption.

A policy names them (negatives/policy.py); this module opens each once per process.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from data.storage import AnyPath, version_of
from negatives.fluency.corpus import CorpusModel, Offered, Sample, read_model
from negatives.fluency.neural import CausalModel, open_model, resolve_device
from negatives.fluency.words import Words
from negatives.policy import CausalScoring, CorpusScoring, PairPolicy, Policy
from negatives.sampling import LogRatios
from negatives.words import lexicon as lexicons

_SHARE_OF_A_GPU = 0.25
_DECIMALS = 3  # of a causal log-ratio; float32 varies by a tenth of that from batch to batch


class Scorer(Protocol):
    """A model that compares the alternatives of slots with their captions."""

    def log_ratios(self, block: Sequence[Offered]) -> list[LogRatios]:
        """Return the log-ratios of the alternatives of every slot, in order.

        All are read together. In another block a causal model's values differ by rounding, so equal
        bytes require equal blocks.
        """


@dataclass(frozen=True, kw_only=True, slots=True)
class CorpusScorer:
    """A model of the corpus. `layout`: the block's slots as laid out before, if available."""

    model: CorpusModel
    min_context_coverage: float
    layout: Sample | None = None

    def log_ratios(self, block: Sequence[Offered]) -> list[LogRatios]:
        """Return the log-ratios; none for a slot that cannot be laid out."""
        layout = self.layout or self.model.sample(
            block, words(), min_context_coverage=self.min_context_coverage
        )
        return self.model.log_ratios(layout)


@dataclass(frozen=True, kw_only=True, slots=True)
class CausalScorer:
    """A causal language model, which reads whole texts."""

    model: CausalModel

    def log_ratios(self, block: Sequence[Offered]) -> list[LogRatios]:
        """Return the log-ratios."""
        ratios = self.model.log_ratios(
            (caption.text, [edit.apply(caption.text) for edit in slot.alternatives])
            for caption, _, slots in block
            for slot in slots
        )
        return [[round(ratio, _DECIMALS) for ratio in of_slot] for of_slot in ratios]


def open_scorers(
    policy: Policy, corpus: AnyPath | None, layout: Sample | None = None
) -> list[Scorer | None]:
    """Return the scorers that a policy names, in order.

    `corpus`: the folder of the corpus model; without one that scorer is None, and slots are drawn
    uniformly.

    Raises:
        UsageError: a library, the device or a model is not available.
    """
    scorers: list[Scorer | None] = []
    if policy.corpus:
        scorers.append(_corpus_scorer(policy.corpus, corpus, layout) if corpus else None)
    scorers += [CausalScorer(model=causal_model(scoring)) for scoring in policy.causal]
    return scorers


def _corpus_scorer(scoring: CorpusScoring, folder: AnyPath, layout: Sample | None) -> CorpusScorer:
    return CorpusScorer(
        model=corpus_model(folder),
        min_context_coverage=scoring.min_context_coverage,
        layout=layout,
    )


@lru_cache(maxsize=1)
def words() -> Words:
    """Return this process's words, numbered in order of appearance."""
    return Words(lexicons.load())


def corpus_model(folder: AnyPath) -> CorpusModel:
    """Return the model in a folder, read again only if it changes."""
    return _corpus_model(folder, version_of(folder / "model.json"))


@lru_cache(maxsize=1)
def _corpus_model(folder: AnyPath, version: str) -> CorpusModel:  # noqa: ARG001 - part of the key
    return read_model(folder)


def causal_model(scoring: CausalScoring) -> CausalModel:
    """Return this process's causal model, loaded once.

    Raises:
        UsageError: a library, the device or the model is not available.
    """
    found = resolve_scoring(scoring)
    return _causal_model(found.model, found.device, found.dtype)


@lru_cache(maxsize=2)
def _causal_model(name: str | None, device: str, dtype: str) -> CausalModel:
    return open_model(name, device=device, dtype="bfloat16" if dtype == "bfloat16" else "float32")


def resolve_scoring(scoring: CausalScoring) -> CausalScoring:
    """Return the scoring options with "auto" replaced by this machine's device."""
    return replace(scoring, device=resolve_device(scoring.device))


def with_devices(policy: Policy) -> Policy:
    """Return the policy with "auto" replaced by this machine's device in causal scorers."""
    if not isinstance(policy, PairPolicy):
        return policy
    scorers = [
        resolve_scoring(each) if isinstance(each, CausalScoring) else each
        for each in policy.scorers
    ]
    return replace(policy, scorers=tuple(scorers))


def gpus_for_reading(policy: Policy) -> float:
    """Return the share of a GPU that a choosing worker needs; a scorer is small."""
    devices = [resolve_device(scoring.device) for scoring in policy.causal]
    return _SHARE_OF_A_GPU if any(device.startswith("cuda") for device in devices) else 0.0


def causal_versions(policy: Policy, *, keep: bool) -> list[str]:
    """Return each causal model's name, version and kind of device.

    `keep`: whether they stay loaded; a driver of workers does not need them.

    Raises:
        UsageError: as for `causal_model`.
    """
    versions = [
        f"{model.name} {model.version}, {model.network.device.type}"
        for model in map(causal_model, policy.causal)
    ]
    if not keep:
        _causal_model.cache_clear()
    return versions
