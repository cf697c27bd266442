"""`negatives compose`: finished shards -> shards of composites, by a corpus model.

One stage with a task per shard, whose captions are parsed again, joined and written. As
in a build, each task is committed once, the manifest comes last, and a run that was killed resumes
with the same bytes, whatever the number of workers.
"""

import json
from collections.abc import Sequence
from functools import partial
from typing import Final, cast

from data.commit import Json, remove_tree
from data.config import base_name, differences, fingerprint, plain
from data.errors import UsageError
from data.manifest import (
    FILE_NAME,
    FLUENCY,
    Manifest,
    Shard,
    read_manifest,
    write_manifest,
)
from data.pulling import unpacked
from data.schema import VERSION
from data.storage import AnyPath
from negatives.building.finishing import show_files
from negatives.building.parsing import load_parser
from negatives.building.plan import Report
from negatives.building.stage import Done, Site, Stage, Task, run_stage
from negatives.composing.exchange import RULES
from negatives.composing.options import ComposeOptions
from negatives.composing.shard import ComposeStats, Tools, compose_shard, exchanged_rules
from negatives.executors import Executor, opening
from negatives.executors.local import workers_on_this_machine
from negatives.fluency.corpus import read_model
from negatives.folders.claims import Mark, claim, clear, mark_of, refuse_if_taken
from negatives.folders.lineage import Parent, open_parent
from negatives.folders.versions import code_version, writer_versions
from negatives.models import model_name, model_version
from negatives.tallies import sum_contents

COMMAND: Final = "compose"


def compose(  # noqa: PLR0913 - what is made, where, by whom, and who hears of it
    folder: AnyPath,
    out: AnyPath,
    *,
    options: ComposeOptions,
    fluency_from: AnyPath | None = None,
    model: str | None = None,
    workers: int = 1,
    executor: Executor = workers_on_this_machine,
    report: Report = lambda _stage, _num_captions: None,
) -> Manifest:
    """Write composites of the rows of a finished folder into the new folder `out`.

    Captions are parsed by the parser of the corpus model, and their words exchanged by the rules of
    the folder's own manifest. Rows without an image are left out. A run that was killed resumes.

    Args:
        folder: the finished folder.
        out: the new folder.
        options: how composites are made.
        fluency_from: the finished build whose corpus model weighs exchanges; None for the folder's.
        model: the spaCy model with which that corpus model was built, a name or a folder; None for
            an installed one of the name that its manifest gives.
        workers: the number of worker processes.
        executor: where they run.
        report: called with the stage and the number of captions just done.

    Raises:
        UsageError: a folder is not finished, there is no corpus model, its parser is not found, or
            `out` holds other work.
        ShardError: tasks failed; the others are finished and kept.
    """
    parent = open_parent(folder)
    learned_from = parent.folder if fluency_from is None else unpacked(fluency_from)
    corpus = _corpus_of(learned_from)
    parser = _parser_of(learned_from, model)
    rules = exchanged_rules(parent.manifest.producers)
    other = None if fluency_from is None else read_manifest(learned_from).fingerprint
    identity = _identity(parent, options, other, model=parser, rules=rules)
    if (finished := _begin(out, identity)) is not None:
        return finished
    with opening(executor, workers) as open_workers:
        stage = Stage(
            name=COMMAND,
            tasks=[
                Task(f"{number:05d}", parent.folder / shard.file)
                for number, shard in enumerate(parent.manifest.shards)
            ],
            work=partial(compose_shard, options, Tools(parser, corpus, rules)),
            stats=ComposeStats,
            prepare=partial(load_parser, parser),
        )
        done = run_stage(stage, Site(out / "work", open_workers, report))
    return _finish(parent, out, identity, list(done.values()), seed=options.seed)


def _corpus_of(folder: AnyPath) -> AnyPath:
    """Return the folder of the corpus model that weighs exchanges.

    Raises:
        UsageError: there is none.
    """
    if not read_manifest(folder).fluency:
        raise UsageError(
            f"{folder}: expected a build with a corpus model ({FLUENCY}/), which weighs the words "
            "that change sides, found none; name one: --fluency-from OUT"
        )
    read_model(folder / FLUENCY)
    return folder / FLUENCY


def _parser_of(folder: AnyPath, model: str | None) -> str:
    """Return the parser with which a corpus was counted: its model fits the parses of no other.

    `model`: the name or folder that the user gave. A manifest records a folder's name, but not
    where it is.

    Raises:
        UsageError: it is not found, or in another version.
    """
    manifest = read_manifest(folder)
    section = manifest.config.get("negatives")
    named = section.get("model") if isinstance(section, dict) else None
    tried = model or (named if isinstance(named, str) else model_name())
    wanted = manifest.versions.get("parser")
    try:
        found = model_version(tried)
    except UsageError:
        found = f"no spaCy model {tried!r}"
    else:
        if wanted is None or found == wanted:
            return tried
    raise UsageError(
        f"{folder}: expected the parser of its corpus model, {wanted or tried}; found {found}; "
        "install that version, give its folder with --model, or use the corpus model of another "
        "build with --fluency-from"
    )


def _identity(
    parent: Parent,
    options: ComposeOptions,
    fluency_from: str | None,
    *,
    model: str,
    rules: Sequence[Json],
) -> Json:
    """Return what the manifest says of the composites: equal identity, equal bytes.

    `fluency_from`: the fingerprint of another build whose corpus model is used.
    """
    corpus = fluency_from or "the parent's own"
    content: Json = {
        "command": COMMAND,
        "options": {
            **plain(options),
            "fluency_from": corpus,
            "model": base_name(model),
            "rules": list(rules),
        },
        "parent": parent.record,
        "versions": {"parser": model_version(model), **writer_versions(), "code": code_version()},
    }
    found: Json = json.loads(json.dumps(content))
    return found


def _begin(out: AnyPath, identity: Json) -> Manifest | None:
    """Claim the new folder; return its manifest if the same composites are finished there.

    Raises:
        UsageError: the folder contains something else.
    """
    mark = mark_of(out)
    if (out / FILE_NAME).exists():
        manifest = read_manifest(out)
        if manifest.fingerprint != fingerprint(identity):
            raise UsageError(f"{out}: contains a finished folder; choose another")
        remove_tree(out / "work")  # a run may have been killed just before this
        return manifest
    if mark is not None and mark.command == COMMAND:
        if lines := differences(mark.identity, identity):
            shown = "\n  ".join(lines)
            raise UsageError(
                f"{out}: contains unfinished composites with other options (old -> new):\n  "
                f"{shown}\nask for the same again, or choose another folder"
            )
    elif mark is not None and mark.command == "":
        clear(out)
    elif out.exists() and any(out.iterdir()):
        raise UsageError(f"{out}: not empty, and not an unfinished compose; choose another folder")
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
    show_files(files)
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
