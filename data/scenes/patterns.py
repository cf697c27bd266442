"""Patterns for the stations of a scene: a group, a cup on a table, a man on a horse ... Pure.

A pattern draws things into a draft and returns one station, two related ones, or none if nothing
fits the place.
"""

from collections.abc import Callable

from data.scenes.scene_draft import SceneDraft, Station, centre_on, from_zero, row
from data.scenes.vocabulary import kinds
from data.scenes.world import BACK, FRONT, Thing

Pattern = Callable[[SceneDraft], list[Station]]

MAX_ALTITUDE = 91.0
_DECKS = {"table": 0.98, "bench": 0.56, "chair": 0.47, "couch": 0.56, "box": 1.0}
_FIXED_POSES = {"rabbit": "sit", "frog": "sit", "toy bear": "sit"}
_SLEEPERS = frozenset({"dog", "cat"})


def _pose(draft: SceneDraft, thing: Thing) -> Thing:
    """Return the thing in a pose that its kind can take on the ground."""
    stream = draft.stream
    kind = kinds()[thing.kind]
    pose = _FIXED_POSES.get(thing.kind, "stand")
    if draft.place == "lake":
        pose = {"boat": "float", "duck": "swim"}.get(thing.kind, "fly")
        return thing._replace(pose=pose, base=45.0 if pose == "fly" else 0.0)
    if "runner" in kind.roles and stream.chance(0.4):
        pose = stream.choice(("run", "walk")) if "person" in kind.roles else "run"
        if thing.kind in _SLEEPERS and stream.chance(0.6):
            pose = stream.choice(("sleep", "sit"))
    return thing._replace(pose=pose)


def group(draft: SceneDraft) -> list[Station]:
    """Draw one to five things of a kind, side by side."""
    stream = draft.stream
    twins = [thing for thing in draft.used if _may_repeat(draft, thing)]
    repeated = bool(twins) and stream.chance(0.3)
    kind = kinds()[stream.choice(twins).kind] if repeated else draft.kind("group")
    if kind is None:
        return []
    size = "" if "person" in kind.roles or repeated else draft.size()
    thing = _pose(draft, draft.thing(kind, size=size, plain=repeated))
    max_count = 2 if thing.width > 36 else 3 if thing.width > 24 else 5
    count = 1 + stream.weighted_index((45, 25, 14, 10, 6)[:max_count])
    return [row(thing, count, max_width=58)]


def _may_repeat(draft: SceneDraft, thing: Thing) -> bool:
    """Tell whether a kind may be drawn again in another colour, once per scene."""
    kind = kinds()[thing.kind]
    return (
        "group" in kind.roles
        and bool(thing.colour)
        and not thing.finish
        and len(kind.colours) > 1
        and sum(other.kind == thing.kind for other in draft.used) == 1
    )


def on_top(draft: SceneDraft) -> list[Station]:
    """Draw a thing or an animal or a person on a piece of furniture or on a box."""
    kind = draft.kind("surface")
    if kind is None:
        return []
    host = draft.thing(kind, size=draft.stream.choice(("", "", "", "big")))
    deck = host.height * _DECKS[host.kind]
    role = draft.stream.choice(("sitter", "item", "perch")) if "seat" in kind.roles else "item"
    things = _guests(draft, role, host, max_width=host.width * 0.95, max_height=60)
    pose = "sit" if role == "sitter" else "stand"
    things = [
        _seat(thing._replace(base=deck, link="on", ground=host.ground + 1, pose=pose))
        for thing in things
    ]
    return [from_zero([host, *things])] if things else []


def _seat(thing: Thing) -> Thing:
    """Return the thing in the pose of its kind; a sitting thing is shorter, its legs hang down."""
    thing = thing._replace(pose=_FIXED_POSES.get(thing.kind, thing.pose))
    if thing.pose == "sit" and "person" in kinds()[thing.kind].roles:
        return thing._replace(height=thing.height * 0.72)
    return thing


def _guests(
    draft: SceneDraft, role: str, host: Thing, *, max_width: float, max_height: float
) -> Station:
    """Return one to three things of a role, tied to the host at index 0 and centred on it."""
    kind = draft.kind(role, max_width=max_width, max_height=max_height)
    if kind is None:
        return []
    thing = draft.thing(kind)._replace(host=0, facing=host.facing)
    most = 1 if role == "sitter" else max(1, min(4, int(max_width / (thing.width * 1.06))))
    count = 1 + draft.stream.weighted_index((50, 25, 15, 10)[:most])
    return centre_on(row(thing, count, max_width=200), host.left + host.width / 2)


def below(draft: SceneDraft) -> list[Station]:
    """Draw things under a table, a bench or a tree."""
    kind = draft.kind("shelter")
    if kind is None:
        return []
    host = draft.thing(kind, size=draft.stream.choice(("", "", "big")))
    free_height = host.height * (
        0.4 if kind.name == "tree" else 0.5 if kind.name == "bench" else 0.82
    )
    share = 0.62 if kind.name == "table" else 0.7
    things = _guests(draft, "item", host, max_width=host.width * share, max_height=free_height)
    return (
        [from_zero([host, *(t._replace(link="under", ground=host.ground + 2) for t in things)])]
        if things
        else []
    )


def inside(draft: SceneDraft) -> list[Station]:
    """Draw things in a box or basket; they stick out over its rim."""
    kind = draft.kind("holder")
    if kind is None:
        return []
    host = draft.thing(kind, size="big", plain=True)
    things = _guests(draft, "item", host, max_width=host.width * 0.86, max_height=20)
    return (
        [
            [host]
            + [
                t._replace(
                    link="in", base=max(2.0, host.height - t.height * 0.62), ground=host.ground - 1
                )
                for t in things
            ]
        ]
        if things
        else []
    )


def in_front(draft: SceneDraft) -> list[Station]:
    """Draw things in front of a house, a car, a tree ..."""
    kind = draft.kind("cover")
    if kind is None:
        return []
    host = draft.thing(kind, size=draft.size() if kind.width < 40 else "")
    role = draft.stream.choice(("item", "chaser", "person"))
    things = _guests(draft, role, host, max_width=host.width * 0.8, max_height=host.height * 0.85)
    shift = (draft.stream.unit() - 0.5) * host.width * 0.3
    return (
        [
            from_zero(
                [
                    host,
                    *(t._replace(link="front", ground=FRONT, left=t.left + shift) for t in things),
                ]
            )
        ]
        if things
        else []
    )


def behind(draft: SceneDraft) -> list[Station]:
    """Draw something that is partly hidden by a thing in front of it."""
    hider = draft.kind(draft.stream.choice(("cover", "surface")))
    if hider is None:
        return []
    host = draft.thing(hider, size=draft.stream.choice(("", "big")))._replace(ground=FRONT - 8)
    role = draft.stream.choice(("group", "cover", "person"))
    hidden = draft.kind(role, max_width=host.width * 1.6)
    if hidden is None or hidden.height < host.height * 0.7:
        return []
    thing = draft.thing(hidden)._replace(host=0, link="behind", ground=BACK)
    if "mount" not in hidden.roles:
        thing = thing._replace(pose=_FIXED_POSES.get(thing.kind, "stand"))
    side = draft.stream.choice((-1, 1))
    centre = host.left + host.width / 2 + side * host.width * 0.42
    return [from_zero([host, *centre_on([thing], centre)])]


def above(draft: SceneDraft) -> list[Station]:
    """Draw one or two things that fly above something."""
    host_kind, kind = draft.kind("group"), draft.kind("flier")
    if host_kind is None or kind is None or host_kind is kind or draft.place == "lake":
        return []
    host = _pose(draft, draft.thing(host_kind))
    thing = draft.thing(kind)._replace(host=0, link="above", pose="fly")
    base = min(MAX_ALTITUDE - thing.height, max(host.height + 7, 52.0))
    count = 1 if thing.width > 20 else 1 + draft.stream.weighted_index((6, 3, 1))
    flying = row(thing._replace(base=base), count, max_width=200)
    flying = [t._replace(base=t.base - 5 * (n % 2)) for n, t in enumerate(flying)]
    return [from_zero([host, *centre_on(flying, host.width / 2)])]


def holding(draft: SceneDraft) -> list[Station]:
    """Draw a person who holds or reads something or flies a kite."""
    kind = draft.kind("person")
    held = draft.kind("held")
    if kind is None or held is None:
        return []
    person = draft.thing(kind)
    if draft.place in {"grass", "beach"} and draft.stream.chance(0.25):
        return _kite(draft, person)
    link = "read" if held.name == "book" else "hold"
    thing = draft.thing(held)._replace(host=0, link=link, pose="", facing=person.facing)
    hand = person.left + person.width * (0.5 + 0.5 * person.facing)
    base = person.height * _GRIPS.get(held.name, 0.36)
    thing = thing._replace(base=base, left=hand - thing.width / 2)
    return [from_zero([person, thing])]


_GRIPS = {"umbrella": 0.52, "balloon": 0.55, "flower": 0.45, "book": 0.45}


def _kite(draft: SceneDraft, person: Thing) -> list[Station]:
    """Draw the kite that the person flies."""
    kite = kinds()["kite"]
    if any(thing.kind == kite.name for thing in draft.used):
        return []
    thing = draft.thing(kite)._replace(host=0, link="fly", pose="fly", base=62.0)
    left = person.width + 12 if person.facing == 1 else -12 - thing.width
    return [from_zero([person, thing._replace(left=left)])]


def riding(draft: SceneDraft) -> list[Station]:
    """Draw a person on a horse, an elephant or a bicycle."""
    kind, mount_kind = draft.kind("person"), draft.kind("mount")
    if kind is None or mount_kind is None:
        return []
    mount = draft.thing(mount_kind)
    mount = mount._replace(pose="run" if mount_kind.name == "horse" else "stand")
    person = draft.thing(kind)._replace(pose="sit", facing=mount.facing, host=0, link="ride")
    base = mount.height * (0.55 if mount.kind == "bicycle" else 0.58)
    person = _seat(person._replace(base=base, ground=mount.ground + 1))
    return [from_zero([mount, *centre_on([person], mount.width / 2)])]


def chasing(draft: SceneDraft) -> list[Station]:
    """Draw a chaser on the left and its prey on the right, both running."""
    chaser, prey = draft.kind("chaser"), draft.kind("prey")
    if chaser is None or prey is None or prey is chaser:
        return []
    first = draft.thing(chaser)._replace(pose="run", facing=1)
    second = draft.thing(prey)._replace(pose="run", facing=1)
    return [[first._replace(link="chase")], [second]]


def walking(draft: SceneDraft) -> list[Station]:
    """Draw a person who walks a dog on a leash."""
    kind, leashed = draft.kind("person"), draft.kind("leashed")
    if kind is None or leashed is None:
        return []
    person = draft.thing(kind)._replace(pose="walk", facing=1, link="walk")
    return [[person], [draft.thing(leashed)._replace(pose="walk", facing=1)]]


PATTERNS: tuple[tuple[Pattern, float], ...] = (
    (group, 34),
    (on_top, 14),
    (below, 7),
    (inside, 6),
    (in_front, 9),
    (behind, 6),
    (above, 7),
    (holding, 10),
    (riding, 6),
    (chasing, 6),
    (walking, 4),
)
