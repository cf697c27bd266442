"""What the templates of captions share. Pure."""

from data.scenes.facts import Fact, Group, facts
from data.scenes.phrases import Namer
from data.scenes.vocabulary import places, skies
from data.scenes.world import Scene
from data.streams import Stream


class Writer:
    """What the templates share: the scene, its facts, its names, and a stream of random numbers."""

    def __init__(self, stream: Stream, scene: Scene) -> None:
        self.stream = stream
        self.scene = scene
        self.namer = Namer(stream, scene)
        self.facts = facts(scene)
        self.groups = [group for group in scene.groups() if group[0].link != "wear"]

    def fact(self, facts_: list[Fact] | None = None) -> Fact | None:
        """Draw a fact; ties are more likely than positions."""
        known = self.facts if facts_ is None else facts_
        if not known:
            return None
        return known[self.stream.weighted_index([fact.weight for fact in known])]

    def place(self, group: Group) -> str:
        """Return " on the grass", " at night" ... or "", true of things on the ground."""
        grounded = all(t.base == 0 and t.link not in {"in", "on"} for t in group)
        if not grounded or not self.stream.chance(0.5):
            return ""
        return self.setting()

    def setting(self) -> str:
        """Return a phrase for the place or the time of day, with a leading space."""
        sky = self.scene.sky
        if sky and self.stream.chance(0.25 if sky != "day" else 0.06):
            return f" {self.stream.choice(skies()[sky].phrases)}"
        return f" {self.stream.choice(places()[self.scene.place].phrases)}"

    def join(self, texts: list[str]) -> str:
        """Return the texts as a list with "and"."""
        return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"
