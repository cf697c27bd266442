"""Negatives for captions in memory: the door for other people's Python."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from data.manifest import FLUENCY
from data.records import Caption, Negative
from data.storage import AnyPath
from data.texts import is_unicode
from negatives.choose import Chosen
from negatives.config import BuildConfig, build_config
from negatives.generator import asking_rules, choose_block, chooser_of, thinned
from negatives.guards import NO_SIBLINGS
from negatives.llm.blocks import refuse_lacking, told_of
from negatives.llm.cache import AnswersInMemory
from negatives.llm.config import backend_of
from negatives.models import model_name
from negatives.scorers import open_scorers
from negatives.spacy_parse import parse_texts

_UNWEIGHED = (
    "negatives are drawn without a corpus model, all alike: their score is null and many are "
    "implausible; fluency_from=OUT, a finished build, weighs them"
)


def generate(
    captions: Iterable[str],
    *,
    preset: str | None = None,
    seed: int | None = None,
    fluency_from: AnyPath | str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Iterator[tuple[str, tuple[Negative, ...]]]:
    """Yield each caption with its negatives, in order; an empty tuple where nothing was found.

    The tuple is empty too for a caption longer than `max_characters`, and for one that is no
    Unicode text (half of a surrogate pair). `options` are those of the `negatives` section of
    pipeline.yaml. `fluency_from` is the folder of a finished build, whose corpus model then weighs
    the candidates; without it they are drawn uniformly and have no score, unless a language model
    weighs them (`choice: {scorers: [causal]}`). Captions are read
    `batch_size` at a time, and taken to be of different images. A caption's negatives depend on its
    text, its place and the seed.

    Warns:
        UserWarning: candidates are to be weighed by a corpus model, and there is none.

    Raises:
        UsageError: the preset or an option is unknown, or a language model is of no use.
        RetryableError: questions to a language model have no answer.
    """
    arguments = {"preset": preset, "seed": seed, "fluency_from": fluency_from}
    given = {name: value for name, value in arguments.items() if value is not None}
    config = build_config({"negatives": {**(options or {}), **given}})
    if lacks_model(config):
        warnings.warn(_UNWEIGHED, stacklevel=2)
    for text, chosen in choose_texts(captions, config):
        yield text, chosen.negatives if chosen else ()


def lacks_model(config: BuildConfig) -> bool:
    """Tell whether captions in memory cannot be weighed as configured: they teach no model."""
    return config.policy.corpus is not None and config.negatives.fluency_from is None


def choose_texts(texts: Iterable[str], config: BuildConfig) -> Iterator[tuple[str, Chosen | None]]:
    """Yield each text with what the configured policy makes of it; None if it cannot be used.

    Raises:
        UsageError: a model or an option is of no use.
        RetryableError: questions to a language model have no answer.
    """
    options = config.negatives
    fluency = options.fluency_from / FLUENCY if options.fluency_from else None
    policy = thinned(config.policy, fluency)
    chooser = chooser_of(config.rules, policy, options.seed)
    model = options.model or model_name()
    scorers = open_scorers(policy, fluency)
    backend = backend_of(config.llm, chooser.lexicon) if config.asks() else None
    kept = AnswersInMemory()
    num_lacking = 0
    numbered = enumerate(texts)
    while batch := list(islice(numbered, options.batch_size)):
        captions = [Caption(f"text:{number}", "", text) for number, text in batch]
        usable = [
            caption
            for caption in captions
            if is_unicode(caption.text) and len(caption.text) <= options.max_characters
        ]
        parses = parse_texts(
            [caption.text for caption in usable], model=model, batch_size=options.batch_size
        )
        block = list(zip(usable, parses, strict=True))
        told = None
        if backend is not None:
            read = [parse for _, parse in block]
            told, counts = told_of(read, asking_rules(chooser), backend, kept)
            refuse_lacking(told, counts, config.llm.limits.max_unanswered - num_lacking)
            num_lacking += counts.lacking()
        found = choose_block(block, chooser, scorers, [NO_SIBLINGS] * len(block), told)
        chosen = {caption.id: each for caption, each in zip(usable, found, strict=True)}
        for caption in captions:
            yield caption.text, chosen.get(caption.id)
