"""What a source may know about its images besides captions: which things are in them or not."""

from typing import NamedTuple, Protocol, runtime_checkable


class Objects(NamedTuple):
    """Names of kinds of things, as a caption says one of them ("dog", "traffic light").

    `present`: there is at least one. `absent`: there is surely none. Kinds that are in neither may
    be there or not.
    """

    present: tuple[str, ...]
    absent: tuple[str, ...]


@runtime_checkable
class HasObjects(Protocol):
    """A source that may know the objects of its images."""

    def why_no_objects(self) -> str:
        """Return why it knows none as it is configured, "" if it knows them.

        Raises:
            UsageError: a file that it is to know them from is not there.
        """

    def objects(self, image: str) -> Objects | None:
        """Return the objects of the image of a key, None where nothing is known of it.

        Raises:
            UsageError: the file of objects cannot be read, or has another layout.
        """
