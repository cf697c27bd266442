"""Negatives for captions in memory: the door for other people's Python."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import compress, islice
from typing import Any

from data.records import Caption, Negative
from data.texts import is_unicode
from negatives.blocks import chooser_of
from negatives.choose import Chosen, choose
from negatives.config import BuildConfig, build_config
from negatives.guards import NO_SIBLINGS
from negatives.models import model_name
from negatives.spacy_parse import parse_texts


def generate(
    captions: Iterable[str],
    *,
    preset: str = "natural",
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> Iterator[tuple[str, tuple[Negative, ...]]]:
    """Yield each caption with its negatives, in order; an empty tuple where nothing was found.

    The tuple is empty too for a caption longer than `max_characters`, and for one that is no
    Unicode text (half of a surrogate pair). `options` are those of the `negatives` section of
    pipeline.yaml; captions are read `batch_size` at a time, and taken to be of different images.
    A caption's negatives depend on its text, its place and the seed.

    Raises:
        UsageError: the preset or an option is unknown.
    """
    sections = {"negatives": {**(options or {}), "preset": preset, "seed": seed}}
    for text, chosen in choose_texts(captions, build_config(sections)):
        yield text, chosen.negatives if chosen else ()


def choose_texts(texts: Iterable[str], config: BuildConfig) -> Iterator[tuple[str, Chosen | None]]:
    """Yield each text with what the configured policy makes of it; None if it cannot be used."""
    options = config.negatives
    chooser = chooser_of(config.rules, config.policy, options.seed)
    model = options.model or model_name()
    numbered = enumerate(texts)
    while batch := list(islice(numbered, options.batch_size)):
        usable = [is_unicode(text) and len(text) <= options.max_characters for _, text in batch]
        parses = parse_texts(
            compress((text for _, text in batch), usable),
            model=model,
            batch_size=options.batch_size,
        )
        for (number, text), can_be_used in zip(batch, usable, strict=True):
            caption = Caption(f"text:{number}", "", text)
            yield (
                text,
                choose(caption, next(parses), NO_SIBLINGS, chooser) if can_be_used else None,
            )
