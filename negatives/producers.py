"""From a configuration to what chooses by it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from negatives.choose import Chooser, Policy, Producer
from negatives.rules import make_rule
from negatives.words import lexicon as lexicons


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
