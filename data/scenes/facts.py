"""Facts about a scene: relations between groups. Pure."""

from typing import NamedTuple

from data.scenes.relations import acting, relations, tie
from data.scenes.world import Scene, Thing

Group = tuple[Thing, ...]

# relation -> phrases
WORDING = {
    "on": ("on", "on", "on top of"),
    "in": ("in", "inside"),
    "under": ("under", "under", "underneath", "beneath", "below"),
    "above": ("above", "over"),
    "left": ("to the left of", "left of", "on the left of"),
    "right": ("to the right of", "right of", "on the right of"),
    "front": ("in front of",),
    "behind": ("behind",),
    "next": ("next to", "next to", "beside", "near"),
}
# how often a relation is mentioned; ties come first
_WEIGHTS = {"on": 5, "in": 6, "under": 5, "above": 4, "front": 5, "behind": 5, "next": 2}
_INVERSES = {"above": "under", "front": "behind", "behind": "front"}


class Fact(NamedTuple):
    """A relation that holds between every thing of one group and every thing of another."""

    subject: Group
    relation: str
    target: Group
    weight: float


def facts(scene: Scene) -> list[Fact]:
    """Return the facts about groups, except about things that are worn."""
    groups = [group for group in scene.groups() if group[0].link != "wear"]
    indexes = {thing.group: [] for group in groups for thing in group}  # type: dict[int, list[int]]
    for index, thing in enumerate(scene.things):
        if thing.group in indexes:
            indexes[thing.group].append(index)
    found: list[Fact] = []
    for subject in groups:
        for target in groups:
            if subject is target:
                continue
            pairs = [(a, b) for a in indexes[subject[0].group] for b in indexes[target[0].group]]
            found += _between(scene, subject, target, pairs)
    return found


def _between(
    scene: Scene, subject: Group, target: Group, pairs: list[tuple[int, int]]
) -> list[Fact]:
    """Return the facts about two groups, given every pair of their things."""
    things = scene.things
    verbs = {acting(things, a, b) for a, b in pairs}
    if len(verbs) == 1 and (verb := verbs.pop()):
        return [Fact(subject, verb, target, 12)]
    if any(acting(things, b, a) for a, b in pairs):
        return []
    links = {tie(things, a, b) for a, b in pairs} | {tie(things, b, a) for a, b in pairs}
    tied = links & set(WORDING)
    if tied:  # a cup on a table is not called "above" it
        own = {tie(things, a, b) for a, b in pairs}
        allowed = {link if link in own else _INVERSES.get(link, "") for link in tied}
    else:
        allowed = set(WORDING)
    return [
        Fact(subject, relation, target, _WEIGHTS.get(relation, 1))
        for relation in WORDING
        if relation in allowed and all(relations()[relation](things, a, b) for a, b in pairs)
    ]
