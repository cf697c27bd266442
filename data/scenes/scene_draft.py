"""A scene in progress: what may still be drawn, and placing things side by side. Pure."""

from data.scenes.vocabulary import Kind, kinds
from data.scenes.world import MATERIALS, Thing
from data.streams import Stream

Station = list[Thing]  # the left edge of the leftmost thing is 0, hosts count from the first thing

_SCALES = {"small": 0.7, "": 1.0, "big": 1.3}


class SceneDraft:
    """What may still be drawn for a scene; the only state while drawing it."""

    def __init__(self, stream: Stream, place: str) -> None:
        self.stream = stream
        self.place = place
        self.used: list[Thing] = []
        self.num_groups = 0

    def kind(self, role: str, *, max_width: float = 200, max_height: float = 200) -> Kind | None:
        """Draw a kind that has this role, fits here and is not yet in the scene."""
        used = [kinds()[thing.kind] for thing in self.used]
        taken = {name for kind in used for name in kind.names if name in kinds()}
        fitting = [
            kind
            for kind in kinds().values()
            if role in kind.roles
            and self.place in kind.places
            and not taken & kind.names
            and kind.width <= max_width
            and kind.height <= max_height
        ]
        return self.stream.choice(fitting) if fitting else None

    def thing(self, kind: Kind, *, size: str = "", plain: bool = False) -> Thing:
        """Draw a thing of the kind with its attributes; it opens a new group."""
        stream = self.stream
        finish = ""
        if kind.finishes and not plain and stream.chance(0.4):
            finish = stream.choice(kind.finishes)
        same = [thing for thing in self.used if thing.kind == kind.name]
        free = [c for c in kind.colours if all(c != thing.colour for thing in same)]
        colour = "" if finish in MATERIALS or not free else stream.choice(free)
        scale = _SCALES[size]
        self.num_groups += 1
        thing = Thing(
            kind=kind.name,
            colour=colour,
            size=size,
            finish=finish,
            pose="stand",
            width=kind.width * scale,
            height=kind.height * scale,
            group=self.num_groups,
            facing=stream.choice((-1, 1)),
        )
        self.used.append(thing)
        return thing

    def size(self) -> str:
        """Draw a size; most things have none."""
        return self.stream.choice(("small", "big", "", "", ""))


def width_of(station: Station) -> float:
    """Return a station's width; its things start at 0."""
    return max(thing.left + thing.width for thing in station)


def row(thing: Thing, count: int, *, max_width: float) -> Station:
    """Return `count` copies of a thing in one row, or in two staggered rows if one is too wide."""
    step = thing.width * 1.06
    if step * count <= max_width:
        return [thing._replace(left=step * n) for n in range(count)]
    half = (count + 1) // 2
    return [
        thing._replace(
            left=step * (n % half) + (step / 2 if n >= half else 0),
            ground=thing.ground + (-4 if n < half else 7),
        )
        for n in range(count)
    ]


def centre_on(things: Station, centre: float) -> Station:
    """Return the things moved so that their middle is at `centre`."""
    shift = centre - width_of(things) / 2
    return [thing._replace(left=thing.left + shift) for thing in things]


def from_zero(things: Station) -> Station:
    """Return the things moved so that the leftmost starts at 0."""
    left = min(thing.left for thing in things)
    return [thing._replace(left=thing.left - left) for thing in things]


def dress(draft: SceneDraft, station: Station) -> Station:
    """Return the station with clothes for every person, alike within a group."""
    things = list(station)
    for number in sorted({thing.group for thing in station}):
        people = [(i, thing) for i, thing in enumerate(station) if thing.group == number]
        if "person" in kinds()[people[0][1].kind].roles:
            things += _clothes(draft, people)
    return things


def _clothes(draft: SceneDraft, people: list[tuple[int, Thing]]) -> Station:
    """Return what the people (each with the index in its station) wear."""
    male = people[0][1].kind in {"man", "boy"}
    worn = [draft.thing(kinds()["shirt" if male else "dress"])]
    hat = draft.kind("worn")
    if hat and draft.stream.chance(0.25):
        worn.append(draft.thing(hat))
    return [
        person._replace(
            kind=thing.kind,
            colour=thing.colour,
            finish=thing.finish,
            size="",
            group=thing.group,
            host=host,
            link="wear",
        )
        for thing in worn
        for host, person in people
    ]
