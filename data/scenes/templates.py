"""Caption templates: each takes the writer and returns a text, or None if nothing fits. Pure.

Texts have no capital and no full stop yet. A template's docstring shows an example.
"""

from collections.abc import Callable

from data.scenes.facts import WORDING, Fact, Group
from data.scenes.phrases import article
from data.scenes.vocabulary import Kind, kinds, places, verbs
from data.scenes.writer import Writer

Template = Callable[[Writer], str | None]

_OPENINGS = ("a picture of ", "a drawing of ", "a photo of ", "an image of ", "a view of ")


def existential(writer: Writer) -> str:
    """There are two red balls and a dog on the grass."""
    groups = writer.stream.shuffled(writer.groups)[: 1 + writer.stream.below(3)]
    named = [writer.namer.name(group) for group in groups]
    where = writer.place(groups[-1])
    verb = "are" if named[0].plural else "is"
    return f"there {verb} {writer.join([n.text for n in named])}{where}"


def list_things(writer: Writer) -> str | None:
    """A red ball, a blue box and a dog on the grass."""
    groups = writer.stream.shuffled(writer.groups)[: 2 + writer.stream.below(2)]
    if len(groups) < 2 and len(groups[0]) == 1 and not writer.stream.chance(0.3):
        return None
    named = [writer.namer.name(group, loose=True).text for group in groups]
    return f"{writer.join(named)}{writer.place(groups[-1])}"


def front_place(writer: Writer) -> str:
    """On the grass, there is a dog."""
    group = writer.stream.choice(writer.groups)
    named = writer.namer.name(group)
    where = writer.stream.choice(places()[writer.scene.place].phrases)
    if any(t.base > 0 or t.link in {"in", "on"} for t in group):
        where = "in this picture"
    comma = "," if writer.stream.chance(0.6) else ""
    return f"{where}{comma} there {'are' if named.plural else 'is'} {named.text}"


def _words_for(writer: Writer, fact: Fact) -> tuple[str, bool]:
    """Return a phrase for a fact's relation, and whether it is a verb."""
    stream = writer.stream
    if fact.relation in verbs():
        form = verbs()[fact.relation].participle
        if fact.relation == "hold" and fact.target[0].kind != "umbrella" and stream.chance(0.3):
            form = "carrying"
        return form, True
    text = stream.choice(WORDING[fact.relation])
    pose = fact.subject[0].pose
    if pose in {"sit", "sleep", "run", "stand", "fly"} and pose in verbs() and stream.chance(0.5):
        animate = {"animal", "person"} & kinds()[fact.subject[0].kind].names
        if animate or pose == "fly":
            return f"{verbs()[pose].participle} {text}", True
    return text, False


def relate(writer: Writer) -> str | None:
    """A small brown dog chasing a white cat; a ball is under a table; there is a cup on a table."""
    fact = writer.fact()
    if fact is None:
        return None
    stream = writer.stream
    subject = writer.namer.name(fact.subject, loose=True)
    target = writer.namer.name(fact.target).text
    words, _ = _words_for(writer, fact)
    where = writer.place(fact.target) if stream.chance(0.6) else ""
    verb = "are" if subject.plural else "is"
    form = stream.below(10)
    if form < 4:
        return f"{subject.text} {words} {target}{where}"
    if form < 8:
        return f"{subject.text} {verb} {words} {target}{where}"
    return f"there {verb} {subject.text} {words} {target}{where}"


def invert(writer: Writer) -> str | None:
    """Under the table there is a red ball."""
    fact = writer.fact([f for f in writer.facts if f.relation in WORDING])
    if fact is None:
        return None
    words = writer.stream.choice(WORDING[fact.relation])
    target = writer.namer.definite(fact.target).text
    subject = writer.namer.name(fact.subject)
    verb = "are" if subject.plural else "is"
    there = writer.stream.choice(("there ", "", ", there "))
    gap = "" if there.startswith(",") else " "
    return f"{words} {target}{gap}{there}{verb} {subject.text}"


def describe_poses(writer: Writer) -> str | None:
    """A brown dog is running on the beach."""
    moving = [g for g in writer.groups if _does(g)]
    if not moving:
        return None
    group = writer.stream.choice(moving)
    subject = writer.namer.name(group, loose=True)
    verb = verbs()[group[0].pose]
    doing = verb.participle
    if writer.stream.chance(0.5):
        doing = f"{'are' if subject.plural else 'is'} {doing}"
    elif writer.stream.chance(0.3):
        doing = verb.lemma if subject.plural else verb.finite
    where = writer.place(group) if group[0].pose != "fly" else _aloft(writer)
    return f"{subject.text} {doing}{where}"


def _does(group: Group) -> bool:
    """Tell whether a group's action is worth mentioning."""
    thing = group[0]
    animate = {"animal", "person"} & kinds()[thing.kind].names
    return thing.pose in {"fly", "float"} or (bool(animate) and thing.pose in verbs())


def _aloft(writer: Writer) -> str:
    return " in the sky" if writer.scene.sky and writer.stream.chance(0.5) else ""


def owning(writer: Writer) -> str | None:
    """A table with two cups on it; a beach with a dog and a ball; a man with a red hat."""
    stream = writer.stream
    if stream.chance(0.4):
        groups = stream.shuffled(writer.groups)[:2]
        named = [writer.namer.name(group).text for group in groups]
        place = writer.scene.place
        return f"{article('field' if place == 'grass' else _NOUNS.get(place, place))} with " + (
            writer.join(named)
        )
    known = [
        f
        for f in writer.facts
        if f.relation in {"on", "under", "in", "front", "behind", "above"} and len(f.target) == 1
    ]
    fact = writer.fact(known)
    if fact is None:
        return None
    host = writer.namer.name(fact.target).text
    guest = writer.namer.name(fact.subject, undressed=True).text
    words = stream.choice(WORDING[fact.relation])
    return f"{host} with {guest} {words} it"


_NOUNS = {"snow": "snowy field", "room": "room"}


def describe_clothes(writer: Writer) -> str | None:
    """A man is wearing a blue hat."""
    people = [group for group in writer.groups if writer.namer.clothes_of(group)]
    if not people:
        return None
    group = writer.stream.choice(people)
    kind = kinds()[group[0].kind]
    thing = writer.stream.choice(writer.namer.clothes_of(group))[0]
    plural = len(group) > 1
    subject = (
        writer.namer.number(len(group), loose=True) + kind.plural
        if plural
        else (article(kind.name))
    )
    verb = writer.stream.choice(("wearing", "are wearing" if plural else "is wearing"))
    return f"{subject} {verb} {writer.namer.garment(thing, plural=plural)}{writer.place(group)}"


def describe_colours(writer: Writer) -> str | None:
    """The ball next to the dog is red; the car is blue and the truck is yellow."""
    groups = [
        g
        for g in writer.stream.shuffled(writer.groups)
        if g[0].colour and sum(o[0].kind == g[0].kind for o in writer.groups) == 1
    ][:2]
    if not groups:
        return None
    said = []
    for group in groups:
        named = writer.namer.definite(group)
        said.append(f"{named.text} {'are' if named.plural else 'is'} {group[0].colour}")
    return writer.stream.choice((" and ", " while ")).join(said)


def two_facts(writer: Writer) -> str | None:
    """A dog is under a table and a cat is sleeping on a couch."""
    first = relation_clause(writer, writer.groups)
    if first is None:
        return None
    text, used = first
    rest = [g for g in writer.groups if g not in used]
    second = relation_clause(writer, rest) if rest else None
    if second is None:
        return None
    link = writer.stream.choice((" and ", " while ", ", and "))
    return f"{text}{link}{second[0]}"


def relation_clause(writer: Writer, groups: list[Group]) -> tuple[str, list[Group]] | None:
    """Return a clause about one of the groups and the groups that it mentions."""
    known = [f for f in writer.facts if f.subject in groups]
    moving = [g for g in groups if _does(g)]
    if moving and writer.stream.chance(0.35):
        group = writer.stream.choice(moving)
        named = writer.namer.name(group)
        verb = verbs()[group[0].pose].participle
        return f"{named.text} {'are' if named.plural else 'is'} {verb}", [group]
    fact = writer.fact(known)
    if fact is None:
        return None
    named, words = writer.namer.name(fact.subject), _words_for(writer, fact)[0]
    target = writer.namer.name(fact.target).text
    be = "are" if named.plural else "is"
    return f"{named.text} {be} {words} {target}", [fact.subject, fact.target]


def add_opening(writer: Writer) -> str | None:
    """A picture of a dog chasing a cat."""
    fact = writer.fact()
    if fact is None or not writer.stream.chance(0.6):
        body = writer.namer.name(writer.stream.choice(writer.groups)).text + writer.setting()
        if any(t.base > 0 for g in writer.groups for t in g):
            body = writer.namer.name(writer.stream.choice(writer.groups)).text
    else:
        words = _words_for(writer, fact)[0]
        target = writer.namer.name(fact.target).text
        body = f"{writer.namer.name(fact.subject).text} {words} {target}"
    return writer.stream.choice(_OPENINGS) + body


def absent(writer: Writer) -> str | None:
    """A dog but no cat; a table without a cup; there are no birds next to the tree."""
    stream = writer.stream
    group = stream.choice(writer.groups)
    missing = _missing(writer, group)
    if missing is None:
        return None
    named = writer.namer.name(group)
    be = "are" if named.plural else "is"
    return stream.choice(
        (
            f"there {be} {named.text} but no {missing.plural}",
            f"there is no {missing.name}{writer.setting()}",
            f"{named.text} and no {missing.plural}",
            f"{named.text} without {article(missing.name)}",
            f"there are no {missing.plural} next to {named.text}",
        )
    )


def _missing(writer: Writer, group: Group) -> Kind | None:
    """Draw a kind similar to the group's that could be in the scene but is not."""
    here = [kinds()[kind] for kind in {thing.kind for thing in writer.scene.things}]
    names = {name for kind in here for name in kind.names | kind.maybe}
    sort = kinds()[group[0].kind].names - {"thing", "object"}
    near = [
        kind
        for kind in kinds().values()
        if kind.name not in names and writer.scene.place in kind.places and kind.names & sort
    ]
    return writer.stream.choice(near) if near else None


TEMPLATES: tuple[tuple[Template, float], ...] = (
    (relate, 34),
    (existential, 11),
    (list_things, 8),
    (describe_poses, 12),
    (two_facts, 9),
    (owning, 8),
    (describe_clothes, 5),
    (describe_colours, 5),
    (front_place, 4),
    (invert, 5),
    (add_opening, 5),
    (absent, 5),
)
