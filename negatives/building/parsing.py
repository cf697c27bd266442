"""The parse stage: a block of captions is parsed once, and counted for the corpus model."""

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
from negatives.building.stage import NewFile, Stage, without_collector
from negatives.skipping import NO_WORDS, NOT_ENGLISH
from negatives.words import lexicon as lexicons
from negatives.words.lexicon import Lexicon

MIN_ENGLISH = 0.7  # minimum share of a caption's words that are English


class ParseOptions(NamedTuple):
    """Options of parsing. `language`: "en" drops others. `counts`: whether to count too."""

    model: str
    batch_size: int
    max_characters: int
    language: str
    counts: bool


class ParseStats(NamedTuple):
    """The counts of a block: parsed captions, and skipped ones by reason.

    `first`: by reason, the id of the first skipped caption.
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
    """Tell whether a folder of unfinished work has a parsed block with captions."""
    folder = work / "parse"
    units = (find_finished(folder, path.stem) for path in folder.glob("*.json"))
    return any(unit is not None and unit.stats["captions"] for unit in units)


@without_collector()
def load_parser(model: str) -> None:
    """Load what a worker reuses for all blocks, before its first one.

    Raises:
        UsageError: there is no such model.
    """
    from negatives.spacy_parse import load_model  # noqa: PLC0415 - a driver does not need spaCy

    lexicons.load()
    load_model(model)
    gc.freeze()  # what was loaded stays, so garbage collection can ignore it


@without_collector()
def parse_block(
    options: ParseOptions, captions: tuple[Caption, ...], new_file: NewFile
) -> ParseStats:
    """Write a block's parses, and its counts if configured."""
    usable, skipped, first = _usable(options, captions)
    from negatives.spacy_parse import parse_texts  # noqa: PLC0415 - a driver does not need spaCy

    texts = [caption.text for caption in usable]
    parses = list(parse_texts(texts, model=options.model, batch_size=options.batch_size))
    write_parses(new_file("parses"), usable, parses)
    if options.counts:
        count_block(new_file("counts"), usable, parses)
    return ParseStats(len(usable), dict(skipped), first)


def _usable(
    options: ParseOptions, captions: tuple[Caption, ...]
) -> tuple[list[Caption], Counter[str], dict[str, str]]:
    """Return the captions to parse, and the counts and first ids of the others by reason."""
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

    One unknown word is allowed if two others are known ("A man waterskies.").
    """
    words = [word for word in normalise(text).split() if any(c.isalpha() for c in word)]
    if not words:
        return NO_WORDS
    share = lexicon.english_share(words)
    one_unknown = round(share * len(words)) >= len(words) - 1
    return None if share >= MIN_ENGLISH or (one_unknown and len(words) >= 3) else NOT_ENGLISH
