"""Whether a text is true of a scene: True, False, or None if undecided. Pure.

The world is closed: what the scene does not list is absent. "a dog": at least one; "two dogs":
exactly two that match the whole description; "dogs": at least two; "no dog": none. "A man with
hats": a plural that depends on another plural ("two men in hats") means one each. What an image
leaves open (is a small dog a puppy? is the lake calm?) is None, in Kleene's three-valued logic.
"""

from data.scenes import words
from data.scenes.grammar import parse
from data.scenes.relations import PLACE, SKY, Verdict, acting, between, entities, relations
from data.scenes.statements import Phrase, Quantity, Statement, Unparsed
from data.scenes.vocabulary import kinds, places, skies, verbs
from data.scenes.world import MATERIALS, Scene, Thing

_PATTERNS = frozenset({"striped", "dotted"})
_MATERIAL_COLOURS = {"wooden": "brown", "metal": "gray"}
_NEUTRAL = frozenset({"see", "seen", "show", "shown", "locate", "place", "position", "picture"})
_LYING = frozenset({"stand", "sit", "lie", "rest", "lay", "li"})  # "li" + "es": lies
_TRAFFIC = frozenset({"park", "drive", "move", "stop", "travel"})
_LIGHT = {"day": "sunshine", "night": "moonlight"}


def truth(scene: Scene, text: str) -> Verdict:
    """Return whether the text is true of the scene; None if it is outside the grammar, or open."""
    try:
        statements = parse(text)
    except Unparsed:
        return None
    return all_of([_State(scene).statement(phrase) for phrase in statements])


def all_of(verdicts: list[Verdict]) -> Verdict:
    """Return Kleene's "and"."""
    if False in verdicts:
        return False
    return None if None in verdicts else True


def _not(verdict: Verdict) -> Verdict:
    return None if verdict is None else not verdict


class _State:
    """A scene with its scenery, against which statements are evaluated."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.things = entities(scene)

    def statement(self, phrase: Phrase) -> Verdict:
        """Evaluate a statement."""
        if phrase.head == "it":
            return None
        every = range(len(self.things))
        return _counts([self.matches(i, phrase, -1) for i in every], phrase.quantity)

    def matches(self, thing: int, phrase: Phrase, subject: int) -> Verdict:
        """Tell whether a thing matches the phrase; `subject` is what "it" refers to."""
        if phrase.head == "it":
            return thing == subject if subject >= 0 else None
        verdicts = [_is(self.scene, self.things[thing], phrase.head)]
        if verdicts[0] is not False:
            verdicts += [self.has_quality(thing, word) for word in phrase.modifiers]
        plural = phrase.quantity.low > 1 or words.is_plural(phrase.head)
        for statement in phrase.statements:
            if False in verdicts:
                return False
            verdicts.append(self.holds(thing, statement, subject, plural=plural))
        return all_of(verdicts)

    def holds(self, thing: int, statement: Statement, subject: int, *, plural: bool) -> Verdict:
        """Tell whether a predicate is true of a thing."""
        if statement.kind == "quality":
            verdict = (
                self.matches(thing, statement.objects[0], subject)
                if statement.objects
                else self.has_quality(thing, statement.word)
            )
        elif statement.kind == "verb" and not statement.objects:
            verdict = _does(self.things[thing], statement.word)
        elif statement.word == "between":
            verdict = self.is_between(thing, statement, subject)
        else:
            verdict = self.relates(thing, statement, subject, plural=plural)
        return _not(verdict) if statement.negated else verdict

    def relates(self, thing: int, statement: Statement, subject: int, *, plural: bool) -> Verdict:
        """Tell whether a thing has the relation to as many others as the object says."""
        target = statement.objects[0]
        asked = target.quantity
        if asked.bare and (plural or target.head == "it"):
            asked = Quantity(1, asked.high)
        back = subject if target.head == "it" else thing
        verdicts: list[Verdict] = []
        for other in range(len(self.things)):
            if other == thing:
                continue
            matched = self.matches(other, target, back)
            if matched is not False:
                matched = all_of([matched, self.relation(statement, thing, other)])
            verdicts.append(matched)
        return _counts(verdicts, asked)

    def relation(self, statement: Statement, a: int, b: int) -> Verdict:
        """Tell whether a relation or a verb holds between two things."""
        if statement.kind == "relation":
            return relations()[statement.word](self.things, a, b)
        if statement.kind == "passive":
            a, b = b, a
        return _acts(acting(self.things, a, b), words.lemmas(statement.word))

    def is_between(self, thing: int, statement: Statement, subject: int) -> Verdict:
        """Tell whether a thing is between two others that the objects describe."""
        first, last = statement.objects[0], statement.objects[-1]
        every = [i for i in range(len(self.things)) if i != thing]
        found = False
        for b in every:
            for c in every:
                if (
                    b != c
                    and self.matches(b, first, subject)
                    and self.matches(c, last, subject)
                    and between(self.things, thing, b, c)
                ):
                    found = True
        return found

    def has_quality(self, thing: int, word: str) -> Verdict:
        """Tell whether an adjective is true of a thing."""
        subject = self.things[thing]
        if words.is_participle(word):
            return _does(subject, word)
        if word in subject.kind.split():
            return True
        known = words.qualities().get(word)
        if known is None:
            return False
        verdicts: list[Verdict] = []
        for dimension, sure in known:
            verdict = _has(self.scene, subject, *dimension.partition(" ")[::2])
            verdicts.append(verdict if sure or verdict is False else None)
        return True if True in verdicts else None if None in verdicts else False


def _counts(verdicts: list[Verdict], quantity: Quantity) -> Verdict:
    """Tell whether the number of matching things satisfies the quantity."""
    sure = verdicts.count(True)
    possible = sure + verdicts.count(None)
    if quantity.low <= sure and possible <= quantity.high:
        return True
    return False if possible < quantity.low or sure > quantity.high else None


def _is(scene: Scene, thing: Thing, noun: str) -> Verdict:
    """Tell whether a thing may be called by a noun."""
    forms = words.singulars(noun)
    if thing.link == PLACE:
        setting = places()[scene.place]
    elif thing.link == SKY:
        setting = skies()[scene.sky]
        if _LIGHT.get(scene.sky) in forms:
            return True
    else:
        kind = kinds().get(thing.kind)
        if kind is None:
            return thing.kind in forms or (
                None if thing.kind == "sea" and "ocean" in forms else False
            )
        if forms & kind.names or thing.kind.split()[-1] in forms:
            return True
        return None if forms & kind.maybe else False
    if forms & setting.names:
        return True
    return None if forms & setting.maybe else False


def _has(scene: Scene, thing: Thing, dimension: str, value: str) -> Verdict:
    """Tell whether a thing has a value in a dimension."""
    if dimension == "colour":
        return _is_coloured(thing, value)
    if dimension == "size":
        return _is_sized(thing, value)
    if dimension in {"place", "sky"}:
        return thing.link == dimension and getattr(scene, dimension) == value
    return {"shape": thing.kind == value, "finish": thing.finish == value, "any": True}[dimension]


def _is_sized(thing: Thing, size: str) -> Verdict:
    """Tell whether a thing is big or small; None for kinds that always are."""
    if thing.size or thing.kind not in kinds():
        return thing.size == size
    area = kinds()[thing.kind].width * kinds()[thing.kind].height
    extreme = area > 1400 if size == "big" else area < 250
    return None if extreme else False


def _is_coloured(thing: Thing, colour: str) -> Verdict:
    if thing.finish in MATERIALS:
        return None if thing.finish == "glass" else _MATERIAL_COLOURS[thing.finish] == colour
    if thing.finish in _PATTERNS and colour == "white" and thing.colour != "white":
        return None
    return thing.colour == colour


def _does(thing: Thing, form: str) -> Verdict:
    """Tell whether an intransitive verb is true of a thing."""
    lemmas = words.lemmas(form)
    if lemmas & _NEUTRAL:
        return True
    kind = kinds().get(thing.kind)
    pose = verbs().get(thing.pose)
    animate = kind is not None and ("animal" in kind.names or "person" in kind.names)
    if not animate and not (pose and pose.lemma in {"fly", "float"}):
        if lemmas & _LYING:
            return True
        traffic = kind is not None and "vehicle" in kind.names and lemmas & _TRAFFIC
        return None if traffic else False
    if pose is None:
        return False
    done = [pose, *([verbs()[thing.link]] if thing.link in verbs() else [])]
    if any(lemmas & verb.implies for verb in done):
        return True
    return None if any(lemmas & verb.maybe for verb in done) else False


def _acts(link: str, lemmas: frozenset[str]) -> Verdict:
    """Tell whether a transitive verb is true of two tied things."""
    verb = verbs().get(link)
    if verb is None:
        return False
    if lemmas & verb.implies:
        return True
    return None if lemmas & verb.maybe else False
