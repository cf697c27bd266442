"""What a Hub of our own holds: repositories with commits and tags, large files, faults to come."""

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field

TOKEN = "hf_good"  # noqa: S105  (of nobody)


class Fault:
    """What goes wrong with the next `times` requests whose `METHOD path` matches.

    `what`: a status (429, 500); "cut", half of the body is read and the answer is 500; "lost", the
    request is done and its answer never comes; "raced", another commits first; "gone", half of the
    answer comes; "html", a gateway's page stands for the answer.
    """

    def __init__(self, matching: str, what: int | str, *, times: int = 1) -> None:
        self.matching = re.compile(matching)
        self.what = what
        self.times = times


@dataclass
class Repo:
    private: bool
    trees: dict[str, dict[str, bytes]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    head: str = ""

    def add(self, tree: dict[str, bytes]) -> str:
        digests = {file: hashlib.sha256(content).hexdigest() for file, content in tree.items()}
        message = json.dumps([self.head, digests], sort_keys=True)
        name = hashlib.sha1(message.encode()).hexdigest()  # noqa: S324  (as git names commits)
        self.trees[name] = tree
        self.parents[name] = self.head
        self.head = name
        return name

    def commit_of(self, revision: str) -> str | None:
        known = {"main": self.head, **self.tags}
        return known.get(revision, revision if revision in self.trees else None)


class FakeHub:
    """The server's state; `requests` lists what was asked, `METHOD path` each."""

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}
        self.parts: dict[tuple[str, int], tuple[str, bytes]] = {}
        self.part_bytes = 1 << 30  # larger files come in parts of this size
        self.faults: list[Fault] = []
        self.requests: list[str] = []
        self.lock = threading.Lock()
        self.url = ""

    def create(self, name: str, *, private: bool = False, **files: bytes) -> Repo:
        repo = self.repos[name] = Repo(private)
        repo.add({".gitattributes": b"*.parquet filter=lfs\n", **files})
        return repo

    def asked(self, matching: str) -> int:
        return sum(bool(re.search(matching, request)) for request in self.requests)

    def fault(self, request: str) -> int | str | None:
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.matching.search(request):
                    fault.times -= 1
                    return fault.what
        return None
