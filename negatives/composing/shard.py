"""The composites of one shard: its captions are parsed, scored, joined and written."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, cast

from data.commit import Json
from data.records import Caption, Row
from data.shards import read_rows, write_rows
from data.storage import AnyPath
from data.streams import Stream
from negatives.building.stage import NewFile
from negatives.choose import Chooser, Chosen, Tally
from negatives.composing.exchange import (
    Part,
    can_exchange,
    make,
    part_of,
    words_of,
)
from negatives.composing.options import ComposeOptions
from negatives.composing.partners import is_apart, misfit, partners, said_of
from negatives.composing.templates import (
    FIRST_PLACES,
    FORMS,
    NO_PLACES,
    clause_of,
    composite_of,
)
from negatives.generator import (
    ParsedCaptions,
    chooser_of,
    offers_of,
    overlapping_pairs,
    score_offers,
)
from negatives.guards.siblings import siblings_in
from negatives.presets import PRESETS
from negatives.sampling import Acceptance
from negatives.scorers import open_scorers
from negatives.tallies import Content, Tallies, sum_contents

_EXCHANGED: Final = ("replace_object", "replace_attribute", "replace_action", "count")
NO_PARTNER: Final = "no partner"


class ComposeStats(NamedTuple):
    """The result of a shard: captions processed, composites written, and all outcomes."""

    captions: int
    composites: int
    tallies: Content


class Tools(NamedTuple):
    """What all shards need: the parser, the corpus model, and the rules that exchange words."""

    parser: str
    corpus: AnyPath
    rules: tuple[Json, ...]


def exchanged_rules(producers: Sequence[Json]) -> tuple[Json, ...]:
    """Return the rules of a manifest that exchange words, in the form of a configuration.

    A folder that has none, such as an imported one, gets those of the preset natural.
    """
    found: list[Json] = []
    for producer in producers:
        spec = {"rule": producer["rule"], **cast("Json", producer.get("options") or {})}
        is_of_negatives = producer.get("method") == "rule" and not producer.get("positives")
        if is_of_negatives and spec["rule"] in _EXCHANGED and spec not in found:
            found.append(spec)
    natural = (dict(spec) for spec in PRESETS["natural"].rules if spec["rule"] in _EXCHANGED)
    return tuple(found or natural)


def compose_shard(
    options: ComposeOptions, tools: Tools, shard: AnyPath, new_file: NewFile
) -> ComposeStats:
    """Write the composites of the captions of a shard."""
    from negatives.spacy_parse import parse_texts  # noqa: PLC0415 - a driver needs no spaCy

    skipped = Counter[str]()
    captions: list[Caption] = []
    for row in read_rows(shard):
        if len(row.images) == 1:
            captions.append(Caption(row.id, row.image, row.caption))
        else:
            skipped["a composite already" if row.images else "no image"] += 1
    parses = parse_texts([caption.text for caption in captions], model=tools.parser, batch_size=256)
    block = list(zip(captions, parses, strict=True))
    chooser = chooser_of(tools.rules, options.policy(), options.seed)
    skipped.update(filter(None, (misfit(parse) for _, parse in block)))
    rows: list[Row] = []
    tallies = Tallies()
    for composite in _composites(block, chooser, tools.corpus, options):
        if composite is None:
            skipped[NO_PARTNER] += 1
            continue
        row, tally = composite
        rows.append(row)
        tallies.add(Chosen(row.negatives, (), tally))
        tallies.add_positives(row.positives, Counter())
    write_rows(new_file("data"), rows)
    content = sum_contents([{"skipped": skipped}, tallies.content()])
    return ComposeStats(len(captions), len(rows), content)


def _composites(
    block: ParsedCaptions, chooser: Chooser, corpus: AnyPath, options: ComposeOptions
) -> Iterator[tuple[Row, Tally] | None]:
    """Yield the rows of composites, each with its tally of exchanges; None for no partner."""
    siblings = siblings_in(block, chooser.lexicon)
    all_said = [
        said_of(parse, its, chooser.lexicon)
        for (_, parse), its in zip(block, siblings, strict=True)
    ]
    scorers = open_scorers(chooser.policy, corpus)
    offers = score_offers(
        block, [found for found, _ in offers_of(block, chooser)], chooser.policy, scorers
    )
    learned = overlapping_pairs(block, scorers)
    acceptance = options.policy().first_acceptance("swap", "unknown")
    words = [
        words_of(parse, offered, acceptance)
        for (_, parse), offered in zip(block, offers, strict=True)
    ]
    parts: dict[int, Part] = {}

    def part(index: int) -> Part:
        if index not in parts:
            parts[index] = part_of(
                block[index],
                siblings[index],
                words[index],
                lexicon=chooser.lexicon,
                learned=learned[index],
            )
        return parts[index]

    for index, partner in partners(
        block,
        all_said,
        lambda one, other: can_exchange(words[one], words[other]),
        lambda one, other: all(
            is_apart(all_said[here], all_said[there], learned[here], chooser.lexicon)
            for here, there in ((one, other), (other, one))
        ),
        lambda index: _num_composites(block[index][0].id, options),
        seed=options.seed,
    ):
        if partner is None:
            yield None
        else:
            yield _composite(part(index), part(partner), acceptance, options)


def _num_composites(caption_id: str, options: ComposeOptions) -> int:
    whole, part = divmod(options.per_caption, 1)
    return int(whole) + Stream(options.seed, "one more", caption_id).chance(part)


def _composite(
    one: Part, other: Part, acceptance: Acceptance, options: ComposeOptions
) -> tuple[Row, Tally]:
    """Return the row of two captions; their order and their places are drawn.

    A caption's partners are chosen for it, so the order must not reveal for which of the two.
    """
    row_id = f"{one.caption.id}+{other.caption.id}"
    stream = Stream(options.seed, "form", row_id)
    if stream.chance(0.5):
        one, other = other, one
    layout = stream.choice(options.layouts)
    form = stream.choice([form for form in FORMS if form.layout in {"", layout}])
    clauses = clause_of(one.parse), clause_of(other.parse)
    assert clauses[0] is not None, "partners are fit"
    assert clauses[1] is not None, "partners are fit"
    composite = composite_of(form, (one.caption.text, other.caption.text), (clauses[0], clauses[1]))
    made = make(composite, (one, other), acceptance, composite_id=row_id, seed=options.seed)
    images = (one.caption.image, other.caption.image)
    is_first = stream.chance(0.5) if form.places == NO_PLACES else form.places[0] in FIRST_PLACES
    images = images if is_first else images[::-1]
    return Row(row_id, images, composite.text, made.negatives, made.positives, layout), made.tally
