"""Negatives for captions in memory: the door for other people's Python."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from data.manifest import FLUENCY
from data.records import Caption, Negative
from data.texts import is_unicode
from negatives.blocks import offers_of_block
from negatives.choose import Chosen, choose
from negatives.config import BuildConfig, build_config
from negatives.guards import NO_SIBLINGS
from negatives.models import model_name
from negatives.producers import chooser_of
from negatives.spacy_parse import parse_texts


def generate(
    captions: Iterable[str],
    *,
    preset: str = "natural",
    seed: int = 0,
    fluency_from: Path | str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Iterator[tuple[str, tuple[Negative, ...]]]:
    """Yield each caption with its negatives, in order; an empty tuple where nothing was found.

    The tuple is empty too for a caption longer than `max_characters`, and for one that is no
    Unicode text (half of a surrogate pair). `options` are those of the `negatives` section of
    pipeline.yaml. `fluency_from` is the folder of a finished build, whose corpus model then weighs
    the candidates; without it they are drawn uniformly and have no score. Captions are read
    `batch_size` at a time, and taken to be of different images. A caption's negatives depend on its
    text, its place and the seed.

    Raises:
        UsageError: the preset or an option is unknown.
    """
    given = {"preset": preset, "seed": seed}
    if fluency_from is not None:
        given["fluency_from"] = fluency_from
    for text, chosen in choose_texts(
        captions, build_config({"negatives": {**(options or {}), **given}})
    ):
        yield text, chosen.negatives if chosen else ()


def choose_texts(texts: Iterable[str], config: BuildConfig) -> Iterator[tuple[str, Chosen | None]]:
    """Yield each text with what the configured policy makes of it; None if it cannot be used."""
    options = config.negatives
    chooser = chooser_of(config.rules, config.policy, options.seed)
    model = options.model or model_name()
    fluency = options.fluency_from / FLUENCY if options.fluency_from else None
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
        chosen = {
            caption.id: choose(caption, parse, NO_SIBLINGS, offers, chooser)
            for (caption, parse), offers in zip(
                block, offers_of_block(block, chooser, fluency), strict=True
            )
        }
        for caption in captions:
            yield caption.text, chosen.get(caption.id)
