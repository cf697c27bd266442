"""From a configuration to what chooses by it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from textwrap import shorten
from typing import Any

from data.errors import ShardError
from data.records import Caption
from data.texts import one_line
from negatives.choose import Chooser, Policy, Producer
from negatives.llm import NAMES
from negatives.llm.blocks import make_asking
from negatives.rules import make_rule
from negatives.slots import Rule
from negatives.words import lexicon as lexicons


def chooser_of(rules: Sequence[Mapping[str, Any]], policy: Policy, seed: int) -> Chooser:
    """Return the chooser that a configuration asks for.

    A rule that is named twice has a stream of its own each time. Rules that ask a language model
    offer nothing yet (negatives/llm/blocks.py gives them what was answered).

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
        if name in NAMES:
            rule: Rule = make_asking(spec, lexicon=lexicon)
        else:
            rule = make_rule(spec, lexicon=lexicon)
        method = "llm" if name in NAMES else "rule"
        producers.append(Producer(name, stream, rule, number, method))
    return Chooser(tuple(producers), policy, seed, lexicon)


@contextmanager
def naming(caption: Caption) -> Iterator[None]:
    """Name the caption on which a rule fails: a user's may raise anything.

    Raises:
        ShardError: in place of what was raised.
    """
    try:
        yield
    except Exception as error:
        raise ShardError(
            f"caption {caption.id} {shorten(caption.text, 80)!r}: {type(error).__name__}: "
            f"{one_line(error)}"
        ) from error
