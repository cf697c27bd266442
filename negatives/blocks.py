"""A block of captions is a shard is a unit of work: its two passes, as a worker runs them.

Pass 1, `parse_block`: captions -> OUT/work/parses. Pass 2, `choose_block`: parses -> rows and
rejects. Both commit by the protocol of data/commit.py and return at once what is already finished.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import shorten
from typing import Any, NamedTuple

from data.commit import Json, Unit, attempt_path, commit, finished
from data.errors import ShardError, UsageError
from data.records import Caption, Reject, Row
from data.shards import write_rejects, write_rows
from data.texts import normalised
from negatives.choose import Chooser, Chosen, Policy, Producer, choose
from negatives.guards import NO_SIBLINGS, Siblings, siblings_of_each
from negatives.parse import Parse
from negatives.parse_files import read_parses, write_parses
from negatives.rules import make_rule
from negatives.tallies import Tallies
from negatives.words import lexicon as lexicons
from negatives.words.lexicon import Lexicon

MIN_ENGLISH = 0.7  # share of a caption's words that must be English


class ParseTask(NamedTuple):
    """Captions of one split, to be parsed into `folder`."""

    folder: Path
    name: str
    captions: tuple[Caption, ...]
    model: str
    batch_size: int
    max_characters: int
    language: str


class ChooseTask(NamedTuple):
    """The parses of one block, from which rows are to be made in `folder`."""

    parses: Path
    folder: Path
    name: str
    rules: tuple[Mapping[str, Any], ...]
    policy: Policy
    seed: int
    rejects: bool


def digest_of(captions: Sequence[Caption]) -> str:
    """Return a hash of captions, by which a restart sees that the source is still the same."""
    digest = hashlib.sha256()
    for caption in captions:
        for part in caption:
            digest.update(part.encode("utf-8", "surrogatepass"))
            digest.update(b"\x1f")
    return digest.hexdigest()


def load_all(model: str) -> None:
    """Load what a worker keeps from block to block, before its first one comes.

    Raises:
        UsageError: there is no such model.
    """
    from negatives.spacy_parse import load_model  # noqa: PLC0415 - a driver needs no spaCy

    lexicons.load()
    load_model(model)


def parse_block(task: ParseTask) -> Unit:
    """Parse a block, or return it if that was done before.

    Raises:
        UsageError: what was done before was done from other captions.
    """
    digest = digest_of(task.captions)
    unit = finished(task.folder, task.name)
    if unit is not None:
        if unit.facts["digest"] != digest:
            raise UsageError(
                f"{task.name}: the source has changed since this build began; "
                "build into a new folder, or with --resume never"
            )
        return unit
    captions, skipped = _usable(task)
    from negatives.spacy_parse import parse_texts  # noqa: PLC0415 - a driver needs no spaCy

    texts = [caption.text for caption in captions]
    parses = list(parse_texts(texts, model=task.model, batch_size=task.batch_size))
    path = attempt_path(task.folder, task.name, "parses")
    write_parses(path, captions, parses)
    facts: Json = {"digest": digest, "rows": len(captions), "tallies": {"skipped": dict(skipped)}}
    return commit(task.folder, task.name, {"parses": path}, facts)


def choose_block(task: ChooseTask) -> Unit:
    """Make the rows of a block, or return it if that was done before.

    Raises:
        ShardError: a rule failed on a caption.
    """
    unit = finished(task.folder, task.name)
    if unit is not None:
        return unit
    chooser = chooser_of(task.rules, task.policy, task.seed)
    block = list(read_parses(task.parses))
    rows: list[Row] = []
    rejects: list[Reject] = []
    tallies = Tallies()
    for (caption, parse), siblings in zip(block, _siblings(block, chooser), strict=True):
        chosen = _choose_or_name(caption, parse, siblings, chooser)
        rows.append(Row(*caption, chosen.negatives))
        rejects += chosen.rejects
        tallies.add(chosen)
    attempts = {"data": attempt_path(task.folder, task.name, "data")}
    write_rows(attempts["data"], rows)
    if task.rejects:
        attempts["rejects"] = attempt_path(task.folder, task.name, "rejects")
        write_rejects(attempts["rejects"], rejects)
    facts: Json = {"rows": len(rows), "rejects": len(rejects), "tallies": tallies.content()}
    return commit(task.folder, task.name, attempts, facts)


def chooser_of(rules: Sequence[Mapping[str, Any]], policy: Policy, seed: int) -> Chooser:
    """Return the chooser that a configuration asks for.

    A rule that is named twice has a stream of its own each time.

    Raises:
        UsageError: a rule or an option is unknown.
    """
    lexicon = lexicons.load()
    times: Counter[str] = Counter()
    producers: list[Producer] = []
    for number, spec in enumerate(rules):
        name = str(spec["rule"])
        times[name] += 1
        stream = name if times[name] == 1 else f"{name}#{times[name]}"
        producers.append(Producer(name, stream, make_rule(spec, lexicon=lexicon), number))
    return Chooser(tuple(producers), policy, seed, lexicon)


def _usable(task: ParseTask) -> tuple[list[Caption], Counter[str]]:
    lexicon = lexicons.load()
    captions: list[Caption] = []
    skipped: Counter[str] = Counter()
    for caption in task.captions:
        if len(caption.text) > task.max_characters:
            skipped[f"longer than {task.max_characters} characters"] += 1
        elif task.language == "en" and (fault := _language_fault(caption.text, lexicon)):
            skipped[fault] += 1
        else:
            captions.append(caption)
    return captions, skipped


def _language_fault(text: str, lexicon: Lexicon) -> str | None:
    """Return why a caption does not count as English, None if it does.

    One unknown word is no fault where two others are known ("A man waterskies.").
    """
    words = [word for word in normalised(text).split() if any(c.isalpha() for c in word)]
    if not words:
        return "no words"
    share = lexicon.english_share(words)
    one_unknown = round(share * len(words)) >= len(words) - 1
    return None if share >= MIN_ENGLISH or (one_unknown and len(words) >= 3) else "not English"


def _siblings(block: Sequence[tuple[Caption, Parse]], chooser: Chooser) -> list[Siblings]:
    """Return for each caption what the other captions of its image say."""
    by_image: dict[str, list[int]] = {}
    for index, (caption, _) in enumerate(block):
        if caption.image:
            by_image.setdefault(caption.image, []).append(index)
    siblings = [NO_SIBLINGS] * len(block)
    for group in by_image.values():
        said = siblings_of_each([block[index][1] for index in group], chooser.lexicon)
        for index, others in zip(group, said, strict=True):
            siblings[index] = others
    return siblings


def _choose_or_name(caption: Caption, parse: Parse, siblings: Siblings, chooser: Chooser) -> Chosen:
    try:
        return choose(caption, parse, siblings, chooser)
    except Exception as error:  # a user's rule may raise anything: name the caption
        raise ShardError(
            f"caption {caption.id} {shorten(caption.text, 80)!r}: {type(error).__name__}: {error}"
        ) from error
