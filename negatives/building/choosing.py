"""The choose stage: the parses of a block become rows with negatives, and rejects."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from data.records import Negative, Reject, Row, images_of
from data.shards import write_rejects, write_rows
from data.sources import Source
from data.sources.objects import HasObjects
from data.storage import AnyPath
from negatives.building.learning import LearnedModel, read_layout
from negatives.building.parse_files import read_parses
from negatives.building.parsing import ParseStats
from negatives.building.plan import Plan
from negatives.building.rewriting import rewritten
from negatives.building.stage import Done, NewFile, Stage, Task, without_collector
from negatives.generator import ParsedCaptions, choose_block, chooser_of, with_thinning
from negatives.guards.siblings import Siblings, siblings_in
from negatives.llm.asking import LlmAnswers
from negatives.llm.blocks import AnswersFile, read_outcomes
from negatives.negation.clauses import RULE
from negatives.negation.drawing import NOTHING, Said, say_what_is_there
from negatives.policy import Policy
from negatives.positives import POSITIVE_RULES
from negatives.positives.choosing import Asked, choose_positives, positive_chooser
from negatives.rules import is_asking
from negatives.scorers import gpus_for_reading, open_scorers, with_devices
from negatives.tallies import Content, Tallies
from negatives.words.lexicon import Lexicon

_BATCH: Final = 256


class ChooseOptions(NamedTuple):
    """How all blocks are chosen for.

    `corpus`: the folder of the corpus model, if there is one. `model`: the parser's name.
    """

    rules: tuple[Mapping[str, Any], ...]
    positives: tuple[Mapping[str, Any], ...]
    rewrite_negatives: bool
    source: Source
    policy: Policy
    seed: int
    rejects: bool
    corpus: AnyPath | None
    model: str


class ChooseTask(NamedTuple):
    """The parses of one block.

    `layout`: the file with the block's laid-out slots, if all were laid out. `answers`: a language
    model's answers about the block, if rules asked.
    """

    parses: AnyPath
    layout: AnyPath | None
    answers: AnswersFile | None


class ChooseStats(NamedTuple):
    """The counts of a block: captions, written rejects, and all outcomes."""

    captions: int
    rejects: int
    tallies: Content


def choosing(
    plan: Plan,
    parsed: Mapping[str, Done[ParseStats]],
    learned: LearnedModel | None,
    answers: Mapping[str, AnswersFile],
) -> Stage[ChooseTask, ChooseStats]:
    """Return the stage that turns parsed blocks into rows."""
    config = plan.config
    options = ChooseOptions(
        rules=config.rules,
        positives=config.positives,
        rewrite_negatives=config.negatives.rewrite_negatives,
        source=plan.source,
        policy=with_devices(config.policy),
        seed=config.negatives.seed,
        rejects=config.negatives.rejects,
        corpus=learned.folder if learned else None,
        model=plan.model,
    )
    layouts = learned.layouts if learned else {}
    return Stage(
        name="choose",
        tasks=[
            Task(name, ChooseTask(done.path("parses"), layouts.get(name), answers.get(name)))
            for name, done in parsed.items()
        ],
        work=partial(write_block, options),
        stats=ChooseStats,
        gpus=gpus_for_reading(config.policy),
    )


@without_collector()
def write_block(options: ChooseOptions, task: ChooseTask, new_file: NewFile) -> ChooseStats:
    """Write the rows of a block, and its rejects if configured.

    Raises:
        ShardError: a rule failed on a caption.
    """
    policy = with_thinning(options.policy, options.corpus)
    chooser = chooser_of(options.rules, policy, options.seed)
    block = list(read_parses(task.parses))
    answers = read_outcomes(task.answers) if task.answers else None
    scorers = open_scorers(
        policy, options.corpus, read_layout(task.layout) if task.layout else None
    )
    rows: list[Row] = []
    rejects: list[Reject] = []
    tallies = Tallies()
    siblings = siblings_in(block, chooser.lexicon)
    chosen = choose_block(block, chooser, scorers, siblings, answers)
    positive = positive_chooser(
        options.positives, policy, options.seed, first_number=len(options.rules)
    )
    asked = _asked(options, answers)
    turned = choose_positives(block, chosen, positive, scorers, even=True, asked=asked)
    clauses = _clauses(block, siblings, options, chooser.lexicon)
    for (caption, parse), drawn, turn, said in zip(block, chosen, turned, clauses, strict=True):
        images = images_of(caption.image)
        again: tuple[Negative, ...] = ()
        if options.rewrite_negatives:
            again = rewritten(parse, drawn.negatives, turn.positives, positive)
        found = drawn._replace(negatives=drawn.negatives + again + said.negatives)
        true = turn._replace(
            positives=turn.positives + said.positives, tally=turn.tally + said.tally
        )
        rows.append(Row(caption.id, images, caption.text, found.negatives, true.positives))
        rejects += found.rejects
        tallies.add(found)
        if options.positives:
            tallies.add_positives(true.positives, true.tally)
    write_rows(new_file("data"), rows)
    if options.rejects:
        write_rejects(new_file("rejects"), rejects)
    return ChooseStats(len(rows), len(rejects), tallies.content())


def _asked(options: ChooseOptions, answers: LlmAnswers | None) -> Asked | None:
    """Return the answers that paraphrases are made of, and the parser that checks them."""
    if answers is None or not any(is_asking(spec, POSITIVE_RULES) for spec in options.positives):
        return None
    from negatives.spacy_parse import parse_texts  # noqa: PLC0415 - few builds parse here

    return Asked(answers, partial(parse_texts, model=options.model, batch_size=_BATCH))


def _clauses(
    block: ParsedCaptions, siblings: Sequence[Siblings], options: ChooseOptions, lexicon: Lexicon
) -> list[Said]:
    """Return what is said of things that are there or not, where the rule for it is asked for."""
    numbers = [n for n, spec in enumerate(options.positives) if spec["rule"] == RULE]
    if not numbers or not isinstance(options.source, HasObjects):
        return [NOTHING] * len(block)
    return say_what_is_there(
        block,
        siblings,
        options.source,
        lexicon,
        seed=options.seed,
        producer=len(options.rules) + numbers[0],
    )
