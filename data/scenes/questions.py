"""Questions about a scene: a true sentence, and sentences with one change. Pure.

Each question yields candidates; the first with the right truth values is asked. Replacements are
drawn from the vocabulary, by the scene's number, and could occur in a scene too. A change of one
word into another is asked as often as its reverse, so that the captions alone do not reveal which
is true.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar

from data.scenes.facts import facts
from data.scenes.sentences import INVERSES, Group, Noun, Sentence, noun_of
from data.scenes.truth import truth
from data.scenes.vocabulary import kinds, verbs
from data.scenes.world import Scene
from data.streams import Stream

T = TypeVar("T")

_SIZES: Final = {"big": "small", "small": "big"}
_CONTRARY: Final = {
    **dict.fromkeys(("left", "right"), ("left", "right")),
    **dict.fromkeys(("front", "behind"), ("front", "behind")),
    **dict.fromkeys(("on", "under", "in"), ("on", "under", "in")),
}
ON_BINDING: Final = ("swap_att", "swap_obj", "replace_rel")
"""Questions whose false text has the words of the true one, or a relation turned round."""
_POSES: Final = ("stand", "sit", "run", "walk", "sleep", "fly", "swim")


class QuestionTexts(NamedTuple):
    """A true text, a true paraphrase or none, and a false text."""

    true: str
    false: str
    also_true: str = ""
    change: tuple[str, str] = ("", "")


class Candidate(NamedTuple):
    """Sentences meant to be true and false; `change`: the changed word, if a single one."""

    true: Sentence
    false: Sentence
    change: tuple[str, str] = ("", "")


Question = Callable[[Scene, Stream], Iterator[Candidate]]


def make_question(question: Question, scene: Scene, *, name: str) -> QuestionTexts | None:
    """Return a question's pair for a scene, None if the question does not apply."""
    stream = Stream("evaluation", name, scene.seed, scene.number)
    for true, false, change in question(scene, stream):
        if truth(scene, true.text) is True and truth(scene, false.text) is False:
            same = rephrase(true)
            fits = same is not None and truth(scene, same.text) is True
            return QuestionTexts(true.text, false.text, same.text if same and fits else "", change)
    return None


def statements(scene: Scene, *, count: int) -> tuple[str, ...]:
    """Return up to `count` true sentences on the scene's things and how they relate, at most 3."""
    asked = (make_question(QUESTIONS[name], scene, name=name) for name in ON_BINDING)
    return tuple(dict.fromkeys(texts.true for texts in asked if texts))[:count]


def balance(pairs: Sequence[T], change_of: Callable[[T], tuple[str, str]]) -> list[T]:
    """Return the pairs so that each change is followed by its reverse; unmatched ones are dropped.

    So any even number of the first pairs is balanced too.
    """
    kept: list[T] = []
    waiting: dict[tuple[str, str], list[T]] = defaultdict(list)
    for pair in pairs:
        change = change_of(pair)
        back = waiting[change[::-1]]
        if change == ("", ""):
            kept.append(pair)
        elif back:
            kept += [back.pop(0), pair]
        else:
            waiting[change].append(pair)
    return kept


def rephrase(sentence: Sentence) -> Sentence | None:
    """Return the sentence in reverse order, None where that changes its meaning."""
    if sentence.word in INVERSES:
        return Sentence(sentence.things[::-1], INVERSES[sentence.word])
    if not sentence.word and len(sentence.things) > 1:
        return Sentence(sentence.things[::-1])
    return None


def swap_attribute(scene: Scene, stream: Stream) -> Iterator[Candidate]:
    """There is a red ball and a blue box. -> There is a blue ball and a red box."""
    for a, b in _pairs(scene, stream):
        swapped = (a._replace(colour=b.colour), b._replace(colour=a.colour))
        could_be = a.colour in kinds()[b.kind].colours and b.colour in kinds()[a.kind].colours
        if could_be and a.colour != b.colour and a.kind != b.kind:
            yield Candidate(Sentence((a, b)), Sentence(swapped))


def swap_object(scene: Scene, stream: Stream) -> Iterator[Candidate]:
    """A dog is to the left of a box. -> A box is to the left of a dog."""
    for sentence in _relations(scene, stream):
        if sentence.word in INVERSES:
            yield Candidate(sentence, Sentence(sentence.things[::-1], sentence.word))


def replace_object(scene: Scene, stream: Stream) -> Iterator[Candidate]:
    """There is a red ball and a blue box. -> There is a red cup and a blue box."""
    for a, b in _pairs(scene, stream):
        own = kinds()[a.kind]
        alike = [
            kind.name
            for kind in kinds().values()
            if kind.name != a.kind
            and scene.place in kind.places
            and kind.roles & own.roles
            and kind.name != b.kind
            and (not a.colour or a.colour in kind.colours)
            and (not a.finish or a.finish in kind.finishes)
        ]
        if alike:
            yield Candidate(Sentence((a, b)), Sentence((a._replace(kind=stream.choice(alike)), b)))


def replace_attribute(scene: Scene, stream: Stream) -> Iterator[Candidate]:
    """There is a big red ball. -> There is a big blue ball."""
    for group in stream.shuffled(_groups(scene)):
        noun = noun_of(group)
        others = [colour for colour in kinds()[noun.kind].colours if colour != noun.colour]
        changed = [noun._replace(colour=stream.choice(others))] if noun.colour and others else []
        if noun.size:
            changed.append(noun._replace(size=_SIZES[noun.size]))
        if changed:
            yield Candidate(Sentence((noun,)), Sentence((stream.choice(changed),)))


def replace_relation(scene: Scene, stream: Stream) -> Iterator[Candidate]:
    """A ball is on a table. -> A ball is under a table."""
    for sentence in _relations(scene, stream):
        others = [word for word in _CONTRARY.get(sentence.word, ()) if word != sentence.word]
        if others:
            word = stream.choice(others)
            yield Candidate(sentence, Sentence(sentence.things, word), (sentence.word, word))


def replace_action(scene: Scene, stream: Stream) -> Iterator[Candidate]:
    """A dog is running. -> A dog is sleeping."""
    for group in stream.shuffled(_groups(scene)):
        pose = group[0].pose
        if pose in verbs() and "animal" in kinds()[group[0].kind].names | _human(group):
            others = stream.shuffled([other for other in _POSES if other != pose])
            noun = noun_of(group)
            yield from (
                Candidate(
                    Sentence((noun,), pose), Sentence((noun,), other), _change(noun, pose, other)
                )
                for other in others
            )


def count(scene: Scene, stream: Stream) -> Iterator[Candidate]:
    """There are two balls. -> There are three balls."""
    for group in stream.shuffled(_groups(scene)):
        noun = noun_of(group, plain=True)
        numbers = [noun.number - 1, noun.number + 1] if noun.number > 2 else [noun.number + 1]
        if noun.number > 1:
            number = stream.choice(numbers)
            false = Sentence((noun._replace(number=number),))
            yield Candidate(Sentence((noun,)), false, (str(noun.number), str(number)))


def existence(scene: Scene, stream: Stream) -> Iterator[Candidate]:
    """There is a dog. -> There is no dog. And the reverse, for absent things."""
    there = {group[0].kind for group in scene.groups()}
    absent = [kind.name for kind in kinds().values() if scene.place in kind.places]
    names = stream.shuffled(sorted(there) if stream.chance(0.5) else absent)
    for name in names:
        some, none = Sentence((Noun(name),)), Sentence((Noun(name, 0),))
        true, false = (some, none) if name in there else (none, some)
        yield Candidate(true, false, (true.text, false.text))


def _change(noun: Noun, before: str, after: str) -> tuple[str, str]:
    return f"{noun.kind} {before}", f"{noun.kind} {after}"


def _groups(scene: Scene) -> list[Group]:
    return [group for group in scene.groups() if group[0].link != "wear"]


def _human(group: Group) -> frozenset[str]:
    return frozenset({"animal"}) if "person" in kinds()[group[0].kind].names else frozenset()


def _pairs(scene: Scene, stream: Stream) -> Iterator[tuple[Noun, Noun]]:
    nouns = [noun_of(group) for group in _groups(scene)]
    pairs = [(a, b) for a in nouns for b in nouns if a is not b]
    yield from stream.shuffled(pairs)


def _relations(scene: Scene, stream: Stream) -> Iterator[Sentence]:
    """Yield facts about two groups; at most half of them are "side by side"."""
    found = facts(scene)
    beside = [fact for fact in found if fact.relation in {"left", "right", "next"}]
    others = [fact for fact in found if fact not in beside]
    order = [stream.shuffled(others), stream.shuffled(beside)]
    for fact in (f for part in (order if stream.chance(0.7) else order[::-1]) for f in part):
        yield Sentence((noun_of(fact.subject), noun_of(fact.target)), fact.relation)


QUESTIONS: Final[Mapping[str, Question]] = {
    "swap_att": swap_attribute,
    "swap_obj": swap_object,
    "replace_obj": replace_object,
    "replace_att": replace_attribute,
    "replace_rel": replace_relation,
    "replace_act": replace_action,
    "count": count,
    "existence": existence,
}
