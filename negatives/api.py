"""Negatives for captions in memory: `negatives.generate`."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple, overload

from data.errors import UsageError
from data.manifest import FLUENCY
from data.records import Caption, Negative
from data.storage import AnyPath
from data.texts import is_unicode
from negatives.choose import Chooser, Chosen
from negatives.config import BuildConfig, build_config
from negatives.generator import asking_rules, choose_block, chooser_of, with_thinning
from negatives.guards import NO_SIBLINGS
from negatives.llm.blocks import ask_rules, refuse_unanswered
from negatives.llm.cache import AnswersInMemory
from negatives.llm.config import backend_of
from negatives.llm.requests import Backend
from negatives.models import model_name
from negatives.scorers import Scorer, open_scorers
from negatives.spacy_parse import load_model, parse_texts

_UNSCORED = (
    "without a corpus model, negatives are drawn uniformly: their score is null and many are "
    "implausible; fluency_from=OUT scores them with the model of a finished build"
)
_EXPECTED = "captions: expected a text or an iterable of texts"


@overload
def generate(  # type: ignore[overload-overlap]  # a text is an iterable of texts too
    captions: str,
    *,
    preset: str | None = None,
    seed: int | None = None,
    fluency_from: AnyPath | str | None = None,
    options: Mapping[str, Any] | None = None,
) -> list[Negative]: ...
@overload
def generate(
    captions: Iterable[str],
    *,
    preset: str | None = None,
    seed: int | None = None,
    fluency_from: AnyPath | str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Iterator[tuple[str, list[Negative]]]: ...
def generate(
    captions: str | Iterable[str],
    *,
    preset: str | None = None,
    seed: int | None = None,
    fluency_from: AnyPath | str | None = None,
    options: Mapping[str, Any] | None = None,
) -> list[Negative] | Iterator[tuple[str, list[Negative]]]:
    """Return the negatives of one caption, or an iterator over many captions and their negatives.

    For many captions, a pair `(caption, negatives)` is yielded for each, in order; they are read
    `batch_size` at a time, so the iterable may be endless. A caption's negatives depend only on its
    text, the options and the seed, so equal captions have equal negatives, no matter how captions
    are divided among calls. (A language model's scores differ by rounding from batch to batch, at
    most in the third decimal.)

    Args:
        captions: one caption, or an iterable of captions, taken to be of different images.
        preset: a set of rules with a policy; "natural" if None. `negatives presets` lists them.
        seed: the seed of every random draw; 0 if None.
        fluency_from: the folder of a finished build, or its URL, whose corpus model weighs the
            candidates. Without it they are drawn uniformly, unless a language model weighs them
            (`options={"choice": {"scorers": ["causal"]}}`).
        options: any options of the `negatives` section of pipeline.yaml, such as
            `{"batch_size": 64}`; the arguments above take precedence.

    Returns:
        A list of `Negative`, empty if none was found, if the caption is longer than
            `max_characters`
        or if it is not valid Unicode (half of a surrogate pair).
        `Negative.score` is log p(negative) - log p(caption) in nats, None without a scorer; spans
        of `Negative.edit` are offsets in the caption, counted in code points.

    Warns:
        UserWarning: the preset weighs candidates by a corpus model, and there is none.

    Raises:
        UsageError: immediately if the preset or an option is unknown, a model is missing, or
            `captions` is neither a text nor an iterable of texts; while iterating if a caption is
            not a text.
        RetryableError: a language model left requests unanswered.
    """
    if not isinstance(options, Mapping | None):
        raise UsageError(f"options: expected a mapping, found {type(options).__name__}")
    arguments = {"preset": preset, "seed": seed, "fluency_from": fluency_from}
    given = {name: value for name, value in arguments.items() if value is not None}
    config = build_config({"negatives": {**(options or {}), **given}})
    texts = [str(captions)] if isinstance(captions, str) else texts_in(captions)
    chosen = choose_texts(texts, config)
    if lacks_model(config):
        warnings.warn(_UNSCORED, stacklevel=2)
    found = ((text, list(each.negatives) if each else []) for text, each in chosen)
    return next(found)[1] if isinstance(captions, str) else found


def texts_in(captions: object) -> Iterator[str]:
    """Return an iterator over captions that checks each one when it is reached.

    Raises:
        UsageError: immediately if these are not captions, or a list with something else in it.
    """
    if isinstance(captions, Mapping):
        raise UsageError(f"{_EXPECTED}, found {type(captions).__name__}; pass one of its columns")
    if isinstance(captions, bytes | bytearray) or not isinstance(captions, Iterable):
        raise UsageError(f"{_EXPECTED}, found {type(captions).__name__}")
    if isinstance(captions, list | tuple):
        for number, caption in enumerate(captions):
            _check_caption(number, caption)
    return (_check_caption(number, caption) for number, caption in enumerate(captions))


def _check_caption(number: int, caption: object) -> str:
    if not isinstance(caption, str):
        found = f"{type(caption).__name__} at index {number}"
        raise UsageError(f"{_EXPECTED}, found {found}; leave out items without a caption")
    return str(caption)  # numpy has its own type of text


def lacks_model(config: BuildConfig) -> bool:
    """Tell whether the configured corpus model is missing; captions in memory do not train one."""
    return config.policy.corpus is not None and config.negatives.fluency_from is None


def choose_texts(texts: Iterable[str], config: BuildConfig) -> Iterator[tuple[str, Chosen | None]]:
    """Return an iterator over texts with their chosen negatives; None for an unusable text.

    Raises:
        UsageError: immediately if a model or an option cannot be used.
        RetryableError: while iterating, if a language model left requests unanswered.
    """
    return _chosen(texts, config, _open(config))


class _Opened(NamedTuple):
    """Everything that a configuration names, loaded."""

    chooser: Chooser
    model: str
    scorers: list[Scorer | None]
    backend: Backend | None


def _open(config: BuildConfig) -> _Opened:
    options = config.negatives
    fluency = options.fluency_from / FLUENCY if options.fluency_from else None
    policy = with_thinning(config.policy, fluency)
    chooser = chooser_of(config.rules, policy, options.seed)
    model = options.model or model_name()
    load_model(model)
    scorers = open_scorers(policy, fluency)
    backend = backend_of(config.llm, chooser.lexicon) if config.asks() else None
    return _Opened(chooser, model, scorers, backend)


def _chosen(
    texts: Iterable[str], config: BuildConfig, opened: _Opened
) -> Iterator[tuple[str, Chosen | None]]:
    options = config.negatives
    chooser, model, scorers, backend = opened
    kept = AnswersInMemory()
    num_lacking = 0
    left = iter(texts)
    while batch := list(islice(left, options.batch_size)):
        usable = [
            Caption(id_of(text), "", text)
            for text in batch
            if is_unicode(text) and len(text) <= options.max_characters
        ]
        parses = parse_texts(
            [caption.text for caption in usable], model=model, batch_size=options.batch_size
        )
        block = list(zip(usable, parses, strict=True))
        answers = None
        if backend is not None:
            read = [parse for _, parse in block]
            answers, counts = ask_rules(read, asking_rules(chooser), backend, kept)
            refuse_unanswered(answers, counts, config.llm.limits.max_unanswered - num_lacking)
            num_lacking += counts.missing()
        found = choose_block(block, chooser, scorers, [NO_SIBLINGS] * len(block), answers)
        chosen = {caption.text: each for caption, each in zip(usable, found, strict=True)}
        for text in batch:
            yield text, chosen.get(text)


def id_of(text: str) -> str:
    """Return the id of a caption without a source, derived from its text."""
    return f"text:{blake2b(text.encode(), digest_size=8).hexdigest()}"
