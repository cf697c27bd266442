"""Negatives for captions in memory: the door for other people's Python."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from data.records import Caption, Negative
from negatives import spacy_parse
from negatives.blocks import chooser_of
from negatives.choose import Chosen, choose
from negatives.config import BuildConfig, build_config
from negatives.guards import siblings_of
from negatives.parse import Parse


def generate(
    captions: Iterable[str],
    *,
    preset: str = "natural",
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> Iterator[tuple[str, tuple[Negative, ...]]]:
    """Yield each caption with its negatives, in order; an empty tuple where nothing was found.

    `options` are those of the `negatives` section of pipeline.yaml. The captions are taken to be
    of different images. A caption's negatives depend on its text, its place and the seed.

    Raises:
        UsageError: the preset or an option is unknown.
    """
    sections = {"negatives": {**(options or {}), "preset": preset, "seed": seed}}
    config = build_config(sections)
    texts = list(captions)
    for (text, _), chosen in choose_texts(texts, config):
        yield text, chosen.negatives


def choose_texts(
    texts: list[str], config: BuildConfig
) -> Iterator[tuple[tuple[str, Parse], Chosen]]:
    """Yield each text with its parse, and what the configured policy makes of it."""
    chooser = chooser_of(config.rules, config.policy, config.negatives.seed)
    siblings = siblings_of([], chooser.lexicon)
    parses = spacy_parse.parse_texts(
        texts,
        model=config.negatives.model or spacy_parse.model_name(),
        batch_size=config.negatives.batch_size,
    )
    for number, (text, parse) in enumerate(zip(texts, parses, strict=True)):
        caption = Caption(f"text:{number}", "", text)
        yield (text, parse), choose(caption, parse, siblings, chooser)
