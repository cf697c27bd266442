"""Relations between two things of a scene: True, False, or None if the image leaves it open.

They follow from the scene's ties (who stands on what) and the things' boxes. Pure.
"""

from collections.abc import Callable, Mapping
from functools import cache

from data.scenes.vocabulary import skies
from data.scenes.world import Scene, Thing

Verdict = bool | None
Relation = Callable[[tuple[Thing, ...], int, int], Verdict]

_CARRIED = frozenset({"hold", "read", "wear", "fly"})
_MOVING = frozenset({"chase", "walk"})
PLACE, SKY, SEEN = "place", "sky", "seen"  # links of scenery
_SCENERY = frozenset({PLACE, SKY, SEEN})


def entities(scene: Scene) -> tuple[Thing, ...]:
    """Return the things of a scene and, after them, its scenery: the place, the sky, the sun ..."""
    scenery = [Thing(kind=scene.place, link=PLACE)]
    if scene.place == "beach":
        scenery.append(Thing(kind="sea", link=SEEN))
    if scene.sky:
        names = ("sky", *skies()[scene.sky].things)
        scenery.append(Thing(kind=scene.sky, link=SKY))
        scenery += [Thing(kind=name, link=SEEN) for name in names]
    return (*scene.things, *scenery)


def tie(things: tuple[Thing, ...], a: int, b: int) -> str:
    """Return the tie of thing `a` to thing `b`, "" if there is none."""
    return things[a].link if things[a].host == b else ""


def acting(things: tuple[Thing, ...], a: int, b: int) -> str:
    """Return the verb for what `a` does to `b`, "" if nothing."""
    if tie(things, b, a) in _CARRIED:
        return things[b].link
    return tie(things, a, b) if tie(things, a, b) in _MOVING | {"ride"} else ""


def _flies(thing: Thing) -> bool:
    return thing.pose == "fly"


def _overlap(a: Thing, b: Thing) -> bool:
    """Tell whether the two overlap horizontally."""
    return a.left < b.left + b.width and b.left < a.left + a.width


def on(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Tell whether `a` rests on `b`."""
    upper, lower = things[a], things[b]
    if lower.link == PLACE:
        if upper.link in _CARRIED and not _flies(upper):
            return on(things, upper.host, b)
        return not _flies(upper) and (None if upper.link in {"on", "ride", "in"} else True)
    if lower.link == SKY:
        return True
    return tie(things, a, b) in {"on", "ride", "wear"}


def in_(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Tell whether `a` is in `b`: a box, a garment, a place, the sky."""
    inner, outer = things[a], things[b]
    if outer.link == PLACE:
        return None if _flies(inner) else True
    if outer.link == SKY:
        return True
    if outer.kind == "sky":
        return _flies(inner) or inner.kind in {"sun", "moon", "star", "cloud"}
    if outer.link == SEEN:
        return False
    return tie(things, a, b) == "in" or (tie(things, b, a) == "wear" and outer.kind != "hat")


def above(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Tell whether `a` is higher than `b` and over it; None if it is higher elsewhere."""
    upper, lower = things[a], things[b]
    if lower.link in {PLACE, SEEN} and lower.kind not in {"sky", "sun", "moon", "star", "cloud"}:
        return _flies(upper) or (None if upper.link in {"on", "ride"} else False)
    if lower.link in _SCENERY or upper.link in _SCENERY:
        return None
    if tie(things, a, b) in {"on", "ride", "above", "fly"}:
        return True
    if tie(things, a, b) in {"wear", "hold"} or tie(things, b, a) == "wear":
        return True if upper.kind == "umbrella" else None
    if upper.base < lower.base + lower.height - 0.5:
        return False
    return True if _overlap(upper, lower) else None


def under(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Tell whether `a` is lower than `b` and under it."""
    lower, upper = things[a], things[b]
    if tie(things, a, b) == "under" or tie(things, b, a) == "on":
        return True
    if upper.link == PLACE:
        return False
    if upper.link == SKY:
        return True
    if upper.link == SEEN or lower.link in _SCENERY:
        return None
    return above(things, b, a)


def left(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Tell whether `a` is wholly to the left of `b` (as the viewer sees it)."""
    if things[a].link in _SCENERY or things[b].link in _SCENERY:
        return False if PLACE in {things[a].link, things[b].link} else None
    return _disjoint(things, a, b)


def right(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Tell whether `a` is wholly to the right of `b` (as the viewer sees it)."""
    return left(things, b, a)


def _disjoint(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    first, second = things[a], things[b]
    if first.left + first.width <= second.left + 0.5:
        return True
    shifted = first.left + first.width / 2 < second.left + second.width * 0.3
    return None if shifted and first.station == second.station else False


def front(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Tell whether `a` is nearer to the viewer than `b` and hides a part of it."""
    if tie(things, a, b) == "front" or tie(things, b, a) == "behind":
        return True
    nearer, further = things[a], things[b]
    if nearer.link in _SCENERY or further.link in _SCENERY:
        return None if further.link == SEEN else False
    if tie(things, b, a) in _MOVING or tie(things, a, b) in _MOVING | {"hold", "read", "under"}:
        return None
    hides = nearer.ground > further.ground and _overlap(nearer, further)
    return None if hides and tie(things, a, b) == tie(things, b, a) == "" else False


def behind(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Tell whether `a` is further from the viewer than `b`, partly hidden by it."""
    return front(things, b, a)


def _holder(things: tuple[Thing, ...], a: int) -> Thing:
    """Return who holds or wears a thing, or the thing itself."""
    held = things[a].link in {"hold", "read", "wear"}
    return things[things[a].host] if held else things[a]


def next_to(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Tell whether both stand on the ground with nothing between them."""
    first, second = _holder(things, a), _holder(things, b)
    if first.link in _SCENERY or second.link in _SCENERY:
        return False if second.link == PLACE else None
    gap = abs(first.station - second.station)
    if gap > 1:
        return False
    if first.group == second.group:
        return True if first is not second else None
    free = [t.base == 0 and (t.host < 0 or t.link in _MOVING) for t in (first, second)]
    if gap == 1:
        return True if all(free) else None
    tied = tie(things, a, b) or tie(things, b, a)
    return False if tied in {"on", "in", "under", "above", "wear", "ride"} else None


def near(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Tell whether nothing else stands between them."""
    if things[a].link in _SCENERY or things[b].link in _SCENERY:
        return None
    return abs(things[a].station - things[b].station) <= 1


def with_(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Tell whether `b` belongs to `a` or accompanies it."""
    if things[b].link in _SCENERY:
        return None
    if things[a].link in _SCENERY or tie(things, a, b) or tie(things, b, a):
        return True
    return near(things, a, b) or None


def at(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Tell whether `a` is at `b`, a place or a time."""
    if things[b].link in {PLACE, SKY}:
        return True
    return None if near(things, a, b) is not False else False


def maybe(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Return None where an image does not decide, False for things far apart."""
    return None if near(things, a, b) is not False else False


def never(things: tuple[Thing, ...], a: int, b: int) -> Verdict:
    """Return False for relations that do not occur in this world: "the floor of a ball"."""
    del things, a, b
    return False


@cache
def relations() -> Mapping[str, Relation]:
    """Return the relations by their names in relations.txt."""
    return {
        "on": on,
        "in": in_,
        "above": above,
        "under": under,
        "left": left,
        "right": right,
        "front": front,
        "behind": behind,
        "next": next_to,
        "near": near,
        "with": with_,
        "at": at,
        "maybe": maybe,
        "of": never,
    }


def between(things: tuple[Thing, ...], a: int, b: int, c: int) -> Verdict:
    """Tell whether `a` is between `b` and `c`, from left to right."""
    if left(things, b, a) and left(things, a, c):
        return True
    return bool(left(things, c, a) and left(things, a, b))
