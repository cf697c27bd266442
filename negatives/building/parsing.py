"""Parse: a block of captions is parsed once, and counted for a model of the corpus."""

import gc
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

from data.commit import find_finished
from data.records import Caption
from data.storage import AnyPath
from data.texts import normalise
from negatives.building.count_files import count_block
from negatives.building.parse_files import write_parses
from negatives.building.plan import Plan
from negatives.building.reading import Reading
from negatives.building.stage import NewFile, Stage
from negatives.skipping import NO_WORDS, NOT_ENGLISH
from negatives.words import lexicon as lexicons
from negatives.words.lexicon import Lexicon

MIN_ENGLISH = 0.7  # share of a caption's words that must be English


class ParseOptions(NamedTuple):
    """How captions are parsed. `language`: "en" drops others. `counts`: whether to count, too."""

    model: str
    batch_size: int
    max_characters: int
    language: str
    counts: bool


class ParseStats(NamedTuple):
    """What a block's captions came to: those that were parsed, and the others by reason.

    `first`: the id of the first caption that was skipped for a reason.
    """

    captions: int
    skipped: Mapping[str, int]
    first: Mapping[str, str]


def parsing(plan: Plan, reading: Reading) -> Stage[tuple[Caption, ...], ParseStats]:
    """Return the stage that parses the blocks of a source."""
    config = plan.config
    options = ParseOptions(
        model=plan.model,
        batch_size=config.negatives.batch_size,
        max_characters=config.negatives.max_characters,
        language=config.data.language,
        counts=plan.learns(),
    )
    return Stage(
        name="parse",
        tasks=reading.tasks(),
        work=partial(parse_block, options),
        stats=ParseStats,
        prepare=partial(load_parser, plan.model),
    )


def has_captions(work: AnyPath) -> bool:
    """Tell whether a block with captions is parsed in a folder of unfinished work."""
    folder = work / "parse"
    units = (find_finished(folder, path.stem) for path in folder.glob("*.json"))
    return any(unit is not None and unit.stats["captions"] for unit in units)


def load_parser(model: str) -> None:
    """Load what a worker keeps from block to block, before its first one comes.

    Raises:
        UsageError: there is no such model.
    """
    from negatives.spacy_parse import load_model  # noqa: PLC0415 - a driver needs no spaCy

    lexicons.load()
    load_model(model)
    gc.freeze()  # what was loaded stays: no collection need look through it, once in a few blocks


def parse_block(
    options: ParseOptions, captions: tuple[Caption, ...], new_file: NewFile
) -> ParseStats:
    """Write a block's parses, and its counts if they are wanted."""
    usable, skipped, first = _usable(options, captions)
    from negatives.spacy_parse import parse_texts  # noqa: PLC0415 - a driver needs no spaCy

    texts = [caption.text for caption in usable]
    parses = list(parse_texts(texts, model=options.model, batch_size=options.batch_size))
    write_parses(new_file("parses"), usable, parses)
    if options.counts:
        count_block(new_file("counts"), usable, parses)
    return ParseStats(len(usable), dict(skipped), first)


def _usable(
    options: ParseOptions, captions: tuple[Caption, ...]
) -> tuple[list[Caption], Counter[str], dict[str, str]]:
    """Return the captions to be parsed; of the others the counts and first ids by reason."""
    lexicon = lexicons.load()
    usable: list[Caption] = []
    skipped: Counter[str] = Counter()
    first: dict[str, str] = {}
    for caption in captions:
        fault = None
        if len(caption.text) > options.max_characters:
            fault = f"longer than {options.max_characters} characters"
        elif options.language == "en":
            fault = language_fault(caption.text, lexicon)
        if fault is None:
            usable.append(caption)
        else:
            skipped[fault] += 1
            first.setdefault(fault, caption.id)
    return usable, skipped, first


def language_fault(text: str, lexicon: Lexicon) -> str | None:
    """Return why a caption does not count as English, None if it does.

    One unknown word is no fault where two others are known ("A man waterskies.").
    """
    words = [word for word in normalise(text).split() if any(c.isalpha() for c in word)]
    if not words:
        return NO_WORDS
    share = lexicon.english_share(words)
    one_unknown = round(share * len(words)) >= len(words) - 1
    return None if share >= MIN_ENGLISH or (one_unknown and len(words) >= 3) else NOT_ENGLISH
