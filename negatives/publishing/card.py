"""The data set's card: how it was made, what gives its negatives away, samples, limits."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from data.config import to_yaml
from data.manifest import Manifest
from data.texts import counted
from negatives.auditing.cards import has_composites
from negatives.auditing.findings import (
    Audit,
    Finding,
    Sample,
    format_bar,
    format_interval,
    format_value,
)
from negatives.publishing.header import metadata
from negatives.publishing.provenance import command_of

CARD: Final = "README.md"
LEAKS: Final = ("words", "form", "fluency")


class CardData(NamedTuple):
    """The data for a card; `num_bytes`: size of the parquet files."""

    repository: str
    manifest: Manifest
    licence: str
    audit: Audit
    shares: Sequence[Mapping[str, Any]]
    samples: Sequence[Sample]
    num_bytes: int


def card_of(data: CardData) -> str:
    """Return the text of README.md."""
    header = to_yaml(
        metadata(
            data.manifest,
            name=data.repository.partition("/")[2],
            licence=data.licence,
            num_bytes=data.num_bytes,
        )
    )
    return f"---\n{header}---\n\n" + "\n\n".join(_body(data)) + "\n"


def _body(data: CardData) -> Iterator[str]:
    manifest, repository = data.manifest, data.repository
    source = manifest.source.get("name", "unknown")
    counts = manifest.tallies.get("negatives_by_type", {})
    yield f"# {repository.partition('/')[2]}"
    yield (
        f"{counted(manifest.num_rows(), 'caption')} of `{source}` with "
        f"{counted(sum(counts.values()), 'hard negative')}: captions made false by one "
        "edit. Each row is one caption; its list of negatives may be empty."
    )
    yield (
        "```python\nimport datasets\n\n"
        f'rows = datasets.load_dataset("{repository}")\n```\n\n'
        "```sh\n"
        f"negatives pull {repository} OUT                # the shards, byte for byte, verified\n"
        f"train --shards hf://datasets/{repository} --images DIR --out run\n```"
    )
    yield (
        "Images are not included: `images` are keys of the source's images. `edits` are "
        "replacements by character offsets in the caption that give `text`; `score` is "
        "log p(negative) - log p(caption) under the build's model; `producer` indexes `producers` "
        "in manifest.json."
    )
    if has_composites(manifest):
        yield (
            "Rows with two `images` are composites: one picture shows both images, as `layout` "
            "says (`left-right` or `top-bottom`; the left or upper one first), and the caption "
            "speaks of both."
        )
    yield f"## How it was made\n\n```sh\n{command_of(manifest)}\n```"
    versions = ", ".join(f"{name} {version}" for name, version in manifest.versions.items())
    yield f"Manifest {manifest.fingerprint}; {versions}."
    yield _table(("type", "negatives"), ((name, f"{num:,}") for name, num in _sorted(counts)))
    if positives := manifest.tallies.get("positives_by_type", {}):
        yield (
            f"{sum(positives.values()):,} positives are edits that leave the caption true, so that "
            '"edited" does not imply "false":'
        )
        found = ((name, f"{num:,}") for name, num in _sorted(positives))
        yield _table(("type", "positives"), found)
    yield "## What gives negatives away"
    yield from _findings(data)
    yield "## Usefulness"
    yield from _usefulness(data)
    yield f"## Samples\n\n{_samples(data.samples)}"
    yield f"## Limits\n\n{_limits(data)}"
    yield f"## Licence\n\n{_licence(data)}"
    yield f"## Citation\n\n{_CITATION}"


def _findings(data: CardData) -> Iterator[str]:
    yield (
        "How often a caption is recognised against its negative without the image, with 95 % "
        "intervals (0.5 is chance), and statistics. Details: audit.json and report.html."
    )
    found = sorted(data.audit.findings, key=lambda finding: finding.measure not in LEAKS)
    yield _table(
        ("measure", "group", "value", "95 %", "bar", "of", "verdict"),
        (_finding(finding) for finding in found if finding.value is not None or finding.why),
    )
    outside = sum(finding.verdict() == "outside" for finding in found)
    if outside:
        yield f"**{outside} of these are outside their bars**; it was published anyway."
    references = data.audit.judges
    yield "; ".join(
        f"{name} is measured with {reference}" for name, reference in references.items()
    ) or ("Fluency was not measured with a language model.")


def _finding(finding: Finding) -> tuple[str, ...]:
    verdict = finding.verdict()
    return (
        finding.measure,
        finding.group,
        format_value(finding.value),
        format_interval(finding),
        format_bar(finding.bar),
        f"{finding.num:,}",
        f"{verdict}: {finding.why}" if finding.why else verdict,
    )


def _usefulness(data: CardData) -> Iterator[str]:
    if not data.shares:
        yield "No human judged whether these negatives are grammatical, plausible and false."
        return
    yield "How often judges of a sample said yes; useful means yes to all three:"
    yield _table(
        ("source", "group", "judgement", "share", "95 %", "of"),
        (
            (
                str(share["folder"]),
                str(share["group"]),
                str(share["judgement"]),
                format_value(share["value"]),
                f"{format_value(share['low'])} to {format_value(share['high'])}",
                f"{share['num']:,}",
            )
            for share in data.shares
        ),
    )


def _samples(samples: Sequence[Sample]) -> str:
    """Return the first two samples of each kind."""
    kinds: dict[str, list[Sample]] = {}
    for sample in samples:
        kinds.setdefault(f"{sample.type}/{sample.subtype}", []).append(sample)
    rows = ((kind, each.caption, each.text) for kind, own in kinds.items() for each in own[:2])
    return _table(("type", "caption", "negative"), rows)


def _limits(data: CardData) -> str:
    captions = data.manifest.tallies.get("captions", {})
    num, with_negative = captions.get("all", 0), captions.get("with_negative", 0)
    empty = (
        f"{num - with_negative:,} of {num:,} captions have no negative; the manifest counts why."
    )
    return f"* {empty}\n{_LIMITS}"


def _licence(data: CardData) -> str:
    if not data.licence:
        return "The licence of the captions is unknown; images have their own licences."
    return (
        f"The captions, and so their edits, are under {data.licence}; the images have their "
        "own licences and are not included."
    )


_LIMITS: Final = """\
* No image was used: what a caption leaves out may make a negative true.
* Rows are pairs for training, not test questions: among several negatives the caption is the text
  most similar to the others.
* English only; parsing errors cause errors in the negatives."""
_CITATION: Final = """\
Captions: cite their source. Training with such negatives: FSC-CLIP, arXiv 2410.05210.

```bibtex
@article{oh2024fscclip,
  title = {Preserving Multi-Modal Capabilities of Pre-trained VLMs for Improving
           Vision-Linguistic Compositionality},
  author = {Oh, Youngtaek and Cho, Jae Won and Kim, Dong-Jin and Kweon, In So and Kim, Junmo},
  journal = {arXiv preprint arXiv:2410.05210},
  year = {2024}
}
```"""


def _sorted(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: -item[1])


def _table(head: Sequence[str], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(text: str) -> str:
    """Escape a text for a cell of a Markdown table."""
    return re.sub(r"([\\|<>*_`\[\]])", r"\\\1", " ".join(text.split()))
