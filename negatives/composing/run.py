"""`negatives compose`: finished shards -> shards of composites, by a corpus model.

One stage, a task a shard: its captions are parsed again, joined among each other, and written. The
discipline is a build's: each task is committed once, the manifest comes last, and a run that was
killed resumes with the same bytes, however many workers there are.
"""

import json
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple, cast

from data.commit import (
    Json,
    link_into_place,
    remove_tree,
    sweep,
    sync_folder,
)
from data.config import differences, fingerprint, plain
from data.errors import UsageError
from data.manifest import (
    FILE_NAME,
    FLUENCY,
    Manifest,
    Shard,
    read_manifest,
    write_manifest,
)
from data.records import Caption, Row
from data.schema import VERSION
from data.shards import read_rows, write_rows
from data.storage import AnyPath
from data.streams import Stream
from negatives.building.parsing import load_parser
from negatives.building.plan import Report
from negatives.building.stage import Done, NewFile, Site, Stage, Task, run_stage
from negatives.choose import Chooser, Tally, why_none
from negatives.composing.exchange import (
    RULES,
    Made,
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
from negatives.executors import Executor, opening
from negatives.executors.local import workers_on_this_machine
from negatives.fluency.corpus import read_model
from negatives.folders.claims import Mark, claim, clear, mark_of, refuse_if_taken
from negatives.folders.lineage import Parent, open_parent
from negatives.folders.versions import code_version, writer_versions
from negatives.generator import (
    ParsedCaptions,
    chooser_of,
    offers_of,
    overlapping_pairs,
    score_offers,
)
from negatives.guards.siblings import siblings_in
from negatives.models import model_name, model_version
from negatives.presets import PRESETS
from negatives.scorers import open_scorers
from negatives.tallies import Content, sum_contents

COMMAND: Final = "compose"
_EXCHANGED: Final = ("replace_object", "replace_attribute", "replace_action", "count")
NO_PARTNER: Final = "no partner"


class ComposeStats(NamedTuple):
    """What a shard came to: captions dealt with, composites that were written, all outcomes."""

    captions: int
    composites: int
    tallies: Content


def compose(  # noqa: PLR0913 - what is made, where, by whom, and who hears of it
    folder: AnyPath,
    out: AnyPath,
    *,
    options: ComposeOptions,
    fluency_from: AnyPath | None = None,
    workers: int = 1,
    executor: Executor = workers_on_this_machine,
    report: Report = lambda _stage, _num_captions: None,
) -> Manifest:
    """Write composites of the rows of a finished folder into the new folder `out`.

    `fluency_from`: the finished build whose corpus model weighs exchanges; None for the folder's
    own. A run that was killed goes on where it stopped. Rows without an image are left out.

    Raises:
        UsageError: a folder is not finished, there is no corpus model, or `out` holds other work.
        ShardError: tasks failed; the others are finished and kept.
    """
    parent = open_parent(folder)
    corpus = _corpus_of(parent, fluency_from)
    identity = _identity(parent, options, fluency_from)
    if (finished := _begin(out, identity)) is not None:
        return finished
    model = model_name()
    with opening(executor, workers) as open_workers:
        stage = Stage(
            name=COMMAND,
            tasks=[
                Task(f"{number:05d}", folder / shard.file)
                for number, shard in enumerate(parent.manifest.shards)
            ],
            work=partial(compose_shard, options, model, corpus),
            stats=ComposeStats,
            prepare=partial(load_parser, model),
        )
        done = run_stage(stage, Site(out / "work", open_workers, report))
    return _finish(parent, out, identity, list(done.values()), seed=options.seed)


def compose_shard(
    options: ComposeOptions, model: str, corpus: AnyPath, shard: AnyPath, new_file: NewFile
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
    parses = parse_texts([caption.text for caption in captions], model=model, batch_size=256)
    block = list(zip(captions, parses, strict=True))
    specs = [spec for spec in PRESETS["natural"].rules if spec["rule"] in _EXCHANGED]
    chooser = chooser_of(specs, options.policy(), options.seed)
    skipped.update(filter(None, (misfit(parse) for _, parse in block)))
    rows: list[Row] = []
    tally: Tally = Counter()
    empty_because = Counter[str]()
    for composite, found in _composites(block, chooser, corpus, options):
        if composite is None:
            skipped[NO_PARTNER] += 1
            continue
        rows.append(composite)
        tally += found
        if not composite.negatives:
            empty_because[why_none(found)] += 1
    write_rows(new_file("data"), rows)
    content = _content(rows, tally, skipped=skipped, empty_because=empty_because)
    return ComposeStats(len(captions), len(rows), content)


def _composites(
    block: ParsedCaptions, chooser: Chooser, corpus: AnyPath, options: ComposeOptions
) -> list[tuple[Row | None, Tally]]:
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
        words_of(caption, offered, acceptance)
        for (caption, _), offered in zip(block, offers, strict=True)
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

    found: list[tuple[Row | None, Tally]] = []
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
            found.append((None, Counter()))
            continue
        row, made = _composite(part(index), part(partner), options)
        found.append((row, made.tally))
    return found


def _num_composites(caption_id: str, options: ComposeOptions) -> int:
    whole, part = divmod(options.a_caption, 1)
    return int(whole) + Stream(options.seed, "one more", caption_id).chance(part)


def _composite(one: Part, other: Part, options: ComposeOptions) -> tuple[Row, Made]:
    """Return the row of two captions; which is said first, and where each is shown, is drawn.

    A caption's partners are chosen for it, so that the order must not tell which of them began.
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
    policy = options.policy()
    made = make(
        composite,
        (one, other),
        policy.first_acceptance("swap", "obj"),
        composite_id=row_id,
        seed=options.seed,
    )
    images = (one.caption.image, other.caption.image)
    is_first = stream.chance(0.5) if form.places == NO_PLACES else form.places[0] in FIRST_PLACES
    images = images if is_first else images[::-1]
    return Row(row_id, images, composite.text, made.negatives, made.positives, layout), made


def _content(
    rows: Sequence[Row], tally: Tally, *, skipped: Counter[str], empty_because: Counter[str]
) -> Content:
    """Return the counts of a shard as a manifest states them."""
    negatives = [negative for row in rows for negative in row.negatives]
    positives = [positive for row in rows for positive in row.positives]
    with_negative = sum(bool(row.negatives) for row in rows)
    return sum_contents(
        [
            {
                "captions": {
                    "all": len(rows),
                    "with_negative": with_negative,
                    "with_positive": sum(bool(row.positives) for row in rows),
                },
                "skipped": skipped,
                "negatives_by_type": Counter(f"{n.type}/{n.subtype}" for n in negatives),
                "negatives_by_rule": Counter(n.rule for n in negatives),
                "slots_by_fate": {
                    f"{rule}: {outcome}": count for (rule, outcome), count in tally.items()
                },
                "empty_because": empty_because,
                "positives_by_type": Counter(f"{p.type}/{p.subtype}" for p in positives),
                "positives_by_rule": Counter(p.rule for p in positives),
            }
        ]
    )


def _corpus_of(parent: Parent, fluency_from: AnyPath | None) -> AnyPath:
    """Return the folder of the corpus model that weighs exchanges.

    Raises:
        UsageError: there is none.
    """
    folder = fluency_from or parent.folder
    if not read_manifest(folder).fluency:
        raise UsageError(
            f"{folder}: expected a build with a corpus model ({FLUENCY}/), which weighs the words "
            "that change sides, found none; name one: --fluency-from OUT"
        )
    read_model(folder / FLUENCY)
    return folder / FLUENCY


def _identity(parent: Parent, options: ComposeOptions, fluency_from: AnyPath | None) -> Json:
    """Return what the manifest says of the composites: equal identity, equal bytes."""
    model = model_name()
    corpus = read_manifest(fluency_from).fingerprint if fluency_from else "the parent's own"
    content: Json = {
        "command": COMMAND,
        "options": {**plain(options), "fluency_from": corpus, "model": model},
        "parent": parent.record,
        "versions": {"parser": model_version(model), **writer_versions(), "code": code_version()},
    }
    found: Json = json.loads(json.dumps(content))
    return found


def _begin(out: AnyPath, identity: Json) -> Manifest | None:
    """Claim the new folder; return its manifest if the same composites are finished there.

    Raises:
        UsageError: the folder holds something else.
    """
    mark = mark_of(out)
    if (out / FILE_NAME).exists():
        manifest = read_manifest(out)
        if manifest.fingerprint != fingerprint(identity):
            raise UsageError(f"{out}: holds a finished folder; choose another")
        remove_tree(out / "work")  # a run may have been killed just before this
        return manifest
    if mark is not None and mark.command == COMMAND:
        if lines := differences(mark.identity, identity):
            shown = "\n  ".join(lines)
            raise UsageError(
                f"{out}: holds unfinished composites of other options (there -> asked for):\n  "
                f"{shown}\nask for the same again, or choose another folder"
            )
    elif mark is not None and mark.command == "":
        clear(out)
    elif out.exists() and any(out.iterdir()):
        raise UsageError(f"{out}: not empty, and no unfinished compose of ours; choose another")
    claim(out, Mark(COMMAND, identity))
    return None


def _finish(
    parent: Parent,
    out: AnyPath,
    identity: Json,
    done: Sequence[Done[ComposeStats]],
    *,
    seed: int,
) -> Manifest:
    """Show the shards, write the manifest, and only then drop the work.

    Raises:
        UsageError: there is no composite.
        ShardError: another command has taken the folder over.
    """
    refuse_if_taken(out, Mark(COMMAND, identity))
    if not any(each.stats.composites for each in done):
        clear(out)
        raise UsageError(
            f"{parent.folder}: no two captions that can be joined: they must have images, be one "
            "sentence each, and share no noun"
        )
    files: dict[AnyPath, AnyPath] = {}
    shards: list[Shard] = []
    for before, each in zip(parent.manifest.shards, done, strict=True):
        written = each.files["data"]
        files[out / before.file] = each.path("data")
        shards.append(
            Shard(
                file=before.file,
                split=before.split,
                rows=each.stats.composites,
                bytes=written.bytes,
                sha256=written.sha256,
            )
        )
    sweep(out / "data", keep=files)
    for file, source in files.items():
        link_into_place(source, file)
    sync_folder(out / "data")
    before_all = parent.manifest
    manifest = Manifest(
        schema=VERSION,
        seed=seed,
        config=before_all.config,
        fingerprint=fingerprint(identity),
        source=before_all.source,
        versions=cast("dict[str, str]", identity["versions"]),
        producers=[{"rule": rule, "method": "rule", "options": {}} for rule in RULES],
        shards=tuple(shards),
        rejects=(),
        fluency=(),
        tallies=sum_contents([each.stats.tallies for each in done]),
        lineage=[*before_all.lineage, identity],
    )
    write_manifest(out, manifest)
    remove_tree(out / "work")
    return manifest
