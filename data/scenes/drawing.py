"""Random scenes, made of stations: groups of related things. Pure."""

from data.scenes.patterns import PATTERNS
from data.scenes.scene_draft import SceneDraft, Station, dress, width_of
from data.scenes.vocabulary import places, skies
from data.scenes.world import WIDTH, Scene, Thing
from data.streams import Stream

_GAP = 4.0
_MAX_GROUPS = 6
_MAX_TRIES = 8


def draw_scene(seed: int, index: int) -> Scene:
    """Return the scene of this seed and index, independent of earlier draws."""
    stream = Stream("scenes", seed, index)
    every_place, every_sky = tuple(places().values()), tuple(skies().values())
    setting = every_place[stream.weighted_index([p.weight for p in every_place])].name
    sky = every_sky[stream.weighted_index([s.weight for s in every_sky])].name
    draft = SceneDraft(stream, setting)
    stations: list[Station] = []
    num_stations = stream.choice((1, 2, 2, 2, 3, 3))
    weights = [weight for _, weight in PATTERNS]
    tries = 0
    while not stations or (tries < _MAX_TRIES and len(stations) < num_stations):
        tries += 1
        used = list(draft.used)
        drawn = [
            dress(draft, station) for station in PATTERNS[stream.weighted_index(weights)][0](draft)
        ]
        if drawn and _fits(stations + drawn):
            stations += drawn
        else:
            draft.used = used
    things = _spread(stream, stations)
    return Scene(seed, index, setting, "" if setting == "room" else sky, things)


def _fits(stations: list[Station]) -> bool:
    """Tell whether the stations fit beside each other without crowding the scene."""
    groups = {thing.group for station in stations for thing in station if thing.link != "wear"}
    width = sum(width_of(station) + _GAP for station in stations)
    return width <= WIDTH - _GAP and len(groups) < _MAX_GROUPS


def _spread(stream: Stream, stations: list[Station]) -> tuple[Thing, ...]:
    """Return all things, with the stations spread over the image's width."""
    free = WIDTH - sum(width_of(station) for station in stations)
    shares = [0.5 + stream.unit() for _ in range(len(stations) + 1)]
    things: list[Thing] = []
    left = 0.0
    for number, station in enumerate(stations):
        left += free * shares[number] / sum(shares)
        first = len(things)
        for thing in station:
            host = thing.host + first if thing.host >= 0 else -1
            if thing.link in {
                "chase",
                "walk",
            }:  # they are tied to the first thing of the next station
                host = first + len(station)
            things.append(thing._replace(left=thing.left + left, station=number, host=host))
        left += width_of(station)
    return tuple(things)
