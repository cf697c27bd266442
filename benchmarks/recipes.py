"""Whether a rule of a published recipe draws like the published code or file.

    python -m benchmarks.recipes --captions negclip_valid.jsonl --rule negclip_swap \
        --options '{"verbs": "gerunds"}' --unit slot

Reads JSON lines `{"caption": ..., "negatives": [...]}`; texts are compared without case, spacing
and punctuation. With `--unit draw` the negatives are independent draws of the published code,
including repeats: one half of them is compared with as many draws of ours, and with the other half,
which gives the noise. With `--unit slot` there is one of each category, as in NegCLIP's file, and
the noise is the distance between every other caption and the rest.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import click

from data.streams import Stream
from data.texts import normalise
from negatives.models import model_name
from negatives.parse import Parse
from negatives.rules import make_rule
from negatives.slots import Slot
from negatives.spacy_parse import parse_texts
from negatives.words.lexicon import load

Key = TypeVar("Key", str, int)

_MAX_ALTERNATIVES = 50_000  # of one caption; captions with more are counted and left out


class Row(NamedTuple):
    """A caption with its published negatives."""

    caption: str
    negatives: tuple[str, ...]


class Drawn(NamedTuple):
    """A normalised negative, and its slot: "outside" if it is not one of our alternatives."""

    text: str
    subtype: str
    slot: int


class Samples(NamedTuple):
    """Three samples of one size for a caption: ours, and two of the published negatives."""

    ours: list[Drawn]
    first: list[Drawn]
    second: list[Drawn]


@dataclass(kw_only=True)
class Comparison:
    """Counts, shares (0 to 1), and total variation distances (0 to 1), each with its noise."""

    captions: int = 0
    only_ours: int = 0
    only_published: int = 0
    too_many_alternatives: int = 0
    equal_to_caption: int = 0
    published_negatives: int = 0
    contained: float = 0.0
    published_shares: dict[str, float] = field(default_factory=dict)
    our_shares: dict[str, float] = field(default_factory=dict)
    distances: dict[str, tuple[float, float]] = field(default_factory=dict)


def compare(
    rows: Sequence[Row],
    parses: Iterable[Parse],
    rule: Callable[[Parse], Iterable[Slot]],
    *,
    unit: str,
    seed: int,
) -> Comparison:
    """Return the comparison of the rule's draws with the published negatives."""
    result = Comparison(captions=len(rows))
    samples: list[Samples] = []
    for number, (row, parse) in enumerate(zip(rows, parses, strict=True)):
        slots = [slot for slot in rule(parse) if len(slot.alternatives)]
        own = normalise(row.caption)
        published = [text for text in map(normalise, row.negatives) if text != own]
        result.equal_to_caption += len(row.negatives) - len(published)
        result.only_ours += bool(slots) and not published
        result.only_published += bool(published) and not slots
        if sum(len(slot.alternatives) for slot in slots) > _MAX_ALTERNATIVES:
            result.too_many_alternatives += 1
        elif slots and published:
            samples.append(_samples(parse, slots, published, Stream(seed, number), unit=unit))
    found = [
        drawn for s in samples for drawn in (s.first if unit == "slot" else s.first + s.second)
    ]
    result.published_negatives = len(found)
    result.contained = sum(drawn.slot >= 0 for drawn in found) / max(len(found), 1)
    result.published_shares = _shares(drawn.subtype for drawn in found)
    result.our_shares = _shares(drawn.subtype for s in samples for drawn in s.ours)
    result.distances = _distances(samples, unit=unit)
    return result


def _samples(
    parse: Parse, slots: Sequence[Slot], published: Sequence[str], stream: Stream, *, unit: str
) -> Samples:
    places = {
        normalise(edit.apply(parse.text)): (slot.subtype, number)
        for number, slot in reversed(list(enumerate(slots)))
        for edit in slot.alternatives
    }
    found = [Drawn(text, *places.get(text, ("outside", -1))) for text in published]
    weights = [slot.weights or (1.0,) * len(slot.alternatives) for slot in slots]
    if unit == "slot":
        first, second, numbers = found, found, list(range(len(slots)))
    else:
        middle = len(found) // 2
        first, second = found[:middle], found[middle : 2 * middle]
        totals = [sum(of_slot) for of_slot in weights]
        numbers = [stream.weighted_index(totals) for _ in range(middle)]
    texts = [
        normalise(
            slots[number].alternatives[stream.weighted_index(weights[number])].apply(parse.text)
        )
        for number in numbers
    ]
    own = normalise(parse.text)
    ours = [Drawn(text, *places[text]) for text in texts if text != own]
    return Samples(ours, first, second)


def _distances(samples: Sequence[Samples], *, unit: str) -> dict[str, tuple[float, float]]:
    """Return (distance, noise) over subtypes of all captions; over slots and edits of each."""
    if unit == "slot":
        ours = [drawn.subtype for s in samples for drawn in s.ours]
        halves = [[drawn.subtype for s in samples[i::2] for drawn in s.first] for i in (0, 1)]
        return {"subtype": (distance(halves[0] + halves[1], ours), distance(*halves))}
    pooled = Samples(*([d for s in samples for d in s[i]] for i in range(3)))
    return {
        "subtype": _distance_and_noise([pooled], "subtype"),
        "slot": _distance_and_noise(samples, "slot"),
        "edit": _distance_and_noise(samples, "text"),
    }


def _distance_and_noise(samples: Sequence[Samples], what: str) -> tuple[float, float]:
    pairs: list[tuple[float, float]] = []
    for s in samples:
        ours, first, second = ([getattr(drawn, what) for drawn in sample] for sample in s)
        if ours and first:
            pairs.append((distance(first, ours), distance(first, second)))
    num_pairs = max(len(pairs), 1)
    return sum(a for a, _ in pairs) / num_pairs, sum(b for _, b in pairs) / num_pairs


def distance(left: Iterable[Key], right: Iterable[Key]) -> float:
    """Return the total variation distance of two samples."""
    shares = _shares(left), _shares(right)
    keys = shares[0].keys() | shares[1].keys()
    return sum(abs(shares[0].get(key, 0.0) - shares[1].get(key, 0.0)) for key in keys) / 2


def _shares(values: Iterable[Key]) -> dict[Key, float]:
    counts = Counter(values)
    return {key: count / counts.total() for key, count in sorted(counts.items())}


@click.command(help=__doc__)
@click.option("--captions", type=click.Path(exists=True, path_type=Path), required=True)
@click.option("--rule", required=True, help="A rule of RULES.")
@click.option("--options", default="{}", help="The rule's options, as JSON.")
@click.option("--unit", type=click.Choice(["draw", "slot"]), default="draw", show_default=True)
@click.option("--limit", default=1000, show_default=True, help="Captions to compare.")
@click.option("--seed", default=0, show_default=True)
def main(  # noqa: PLR0913 (one argument an option of the command)
    *, captions: Path, rule: str, options: str, unit: str, limit: int, seed: int
) -> None:
    """Print a comparison as JSON."""
    with captions.open(encoding="utf-8") as lines:
        records = [json.loads(line) for _, line in zip(range(limit), lines, strict=False)]
    rows = [Row(record["caption"], tuple(record["negatives"])) for record in records]
    parses = parse_texts([row.caption for row in rows], model=model_name(), batch_size=256)
    made = make_rule({"rule": rule, **json.loads(options)}, lexicon=load())
    result = compare(rows, parses, made, unit=unit, seed=seed)
    click.echo(json.dumps(asdict(result), indent=2))


if __name__ == "__main__":
    main()
