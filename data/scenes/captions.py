"""A scene -> captions in natural English, each true of the scene. Pure."""

from data.scenes.templates import TEMPLATES
from data.scenes.world import Scene
from data.scenes.writer import Writer
from data.streams import Stream

_TRIES = 40


def captions(scene: Scene, *, count: int, seed: int) -> tuple[str, ...]:
    """Return up to `count` distinct captions, in the order drawn."""
    stream = Stream("captions", seed, scene.seed, scene.number)
    writer = Writer(stream, scene)
    weights = [weight for _, weight in TEMPLATES]
    found: dict[str, None] = {}
    for _ in range(_TRIES):
        if len(found) >= count:
            break
        draft = TEMPLATES[stream.weighted_index(weights)][0](writer)
        if draft is not None:
            first = draft[0]
            body = f"{first.upper()}{draft.removeprefix(first)}"
            finished = f"{body}." if stream.chance(0.7) else body
            if all(finished.rstrip(".") != other.rstrip(".") for other in found):
                found[finished] = None
    return tuple(found)
