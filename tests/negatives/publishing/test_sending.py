"""The real client of the Hub against a server of our own, with faults: one commit all the same."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import pytest
from click.testing import CliRunner

from data.errors import RetryableError, UsageError
from data.hub import ATTEMPTS, Repository, check_name, client
from data.manifest import read_manifest
from data.pulling import commit_of, local_folder, pull
from negatives.cli import cli
from negatives.publishing.sending import SendResult, send
from tests.fake_hub import TOKEN, FakeHub, Fault, serving, use_in_client
from tests.negatives.publishing.hub_folders import folder_of, publish_to

NAME = "user/name"
COMMIT = "POST .*/commit/"
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sending")
    for name, num_rows in (("out", 40), ("other", 20)):
        publish_to(root / name, root / name / "publish", folder_of(root / name, num_rows))
    return root / "out"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeHub]:
    with serving() as hub, use_in_client(hub, monkeypatch, tmp_path):
        yield hub


def repository(waits: list[float] | None = None, name: str = NAME) -> Repository:
    seconds = [] if waits is None else waits
    return Repository(name=name, api=client(), wait=seconds.append)


def send_folder(out: Path, *, private: bool = False, tag: str | None = None) -> SendResult:
    return send(repository(), out / "publish", message="rows", private=private, tag=tag)


def assert_holds(hub: FakeHub, out: Path, found: SendResult) -> None:
    """Hold that the commit has the folder's files, all of them, and follows the first one."""
    repo = hub.repos[NAME]
    files = {p.relative_to(out / "publish").as_posix(): p.read_bytes()
             for p in (out / "publish").rglob("*") if p.is_file()}  # fmt: skip
    own = {name: content for name, content in repo.trees[found.commit].items() if name in files}
    assert own == files
    assert repo.tags[found.tag] == found.commit == repo.head


def test_a_folder_is_one_commit_and_a_tag(hub: FakeHub, out: Path) -> None:
    found = send_folder(out, private=True)
    assert_holds(hub, out, found)
    assert (found.tag, found.is_new, len(hub.repos[NAME].trees)) == ("v1", True, 2)
    assert hub.repos[NAME].private
    num_sent = hub.asked("PUT /large")
    again = send_folder(out, private=True)
    assert again == SendResult(found.commit, "v1", is_new=False)
    assert hub.asked("PUT /large") == num_sent
    assert hub.asked(COMMIT) == 1


def test_commands_read_a_published_folder_by_its_url(
    hub: FakeHub, out: Path, tmp_path: Path
) -> None:
    assert send_folder(out).commit == hub.repos[NAME].head
    place = f"hf://datasets/{NAME}@v1"
    rows = read_manifest(out).num_rows()

    def run(*words: object) -> str:
        done = CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert sum(json.loads(run("stats", place, "--json"))["splits"].values()) == rows
    run("filter", place, tmp_path / "less", "--no-positives", "--quiet")
    assert read_manifest(tmp_path / "less").num_rows() == rows
    run("merge", place, tmp_path / "less", tmp_path / "both", "--quiet")
    assert "complete" in run("verify", place)
    assert len(run("inspect", place, "--json", "--sample", 3).splitlines()) == 3
    run("export", place, "--to", "jsonl", "--output", tmp_path / "x.jsonl", "--split", "train")
    with pytest.raises(UsageError, match="name one: --fluency-from"):
        run("compose", place, tmp_path / "new", "--quiet")
    with pytest.raises(UsageError, match="name one: --fluency-from"):
        run("compose", out, tmp_path / "new", "--fluency-from", place, "--quiet")


@pytest.mark.parametrize("fault", [429, 500, "cut", "lost"])
def test_large_files_go_in_parts(hub: FakeHub, out: Path, fault: int | str) -> None:
    hub.part_bytes = 1000
    hub.faults = [Fault("PUT /parts/.*/2", fault, times=2), Fault("POST /whole", fault)]
    assert_holds(hub, out, send_folder(out))
    assert hub.asked("PUT /parts") > hub.asked("POST /whole") > 2
    assert not any(fault.times for fault in hub.faults)


def test_what_an_earlier_publication_left_goes(hub: FakeHub, out: Path) -> None:
    first = send_folder(out.parent / "other", tag="old")
    hub.repos[NAME].add({**hub.repos[NAME].trees[first.commit], "notes.md": b"my own"})
    found = send_folder(out)
    assert_holds(hub, out, found)
    tree = hub.repos[NAME].trees[found.commit]
    parquet = {name for name in tree if name.endswith(".parquet")}
    assert parquet == {f"data/{p.name}" for p in (out / "publish/data").iterdir()}
    assert tree["notes.md"] == b"my own"
    assert found.tag == "v1"
    assert hub.repos[NAME].tags["old"] == first.commit


@pytest.mark.parametrize(
    "faults",
    [
        [Fault("GET /api/datasets", 429, times=2), Fault("POST /api/repos/create", 503)],
        [Fault("PUT /large", 429, times=2)],
        [Fault("PUT /large", "cut", times=3)],
        [Fault("PUT /large", 500, times=2), Fault("objects/batch", 500)],
        [Fault("POST .*/preupload", 502), Fault("POST /api/validate-yaml", "html")],
        [Fault("POST /api/repos/create", "html"), Fault(COMMIT, "html")],
        [Fault(COMMIT, 429, times=2)],
        [Fault(COMMIT, 500), Fault(COMMIT, "lost")],
        [Fault(COMMIT, "lost"), Fault("GET /api/datasets/user/name$", 500, times=2)],
        [Fault("POST .*/tag/", "lost")],
        [Fault("POST .*/tag/", 500, times=3), Fault("GET .*/refs", "gone")],
        [Fault("POST /api/repos/create", "lost")],
        [Fault("GET .*/tree/", 500, times=2), Fault("GET .*/tree/", "gone")],
    ],
    ids=lambda faults: " ".join(f"{fault.what}@{fault.matching.pattern}" for fault in faults),
)
def test_what_fails_for_a_moment_is_done_in_the_end(
    hub: FakeHub, out: Path, faults: list[Fault]
) -> None:
    hub.faults = faults = [Fault(f.matching.pattern, f.what, times=f.times) for f in faults]
    found = send_folder(out)
    assert not any(fault.times for fault in faults)
    assert_holds(hub, out, found)
    assert len(hub.repos[NAME].trees) == 2
    assert len(hub.repos[NAME].tags) == 1


def test_an_upload_that_was_cut_goes_on(hub: FakeHub, out: Path) -> None:
    hub.faults = [Fault("PUT /large", 500, times=1000)]
    with pytest.raises(RetryableError, match="fault 500"):
        send_folder(out)
    hub.faults = [Fault(COMMIT, 500, times=1000)]
    with pytest.raises(RetryableError, match="fault 500"):
        send_folder(out)
    there = set(hub.large)
    hub.faults, hub.requests = [], []
    assert_holds(hub, out, send_folder(out))
    assert there
    assert hub.asked("PUT /large") == 0
    assert len(hub.repos[NAME].trees) == 2


def test_a_concurrent_commit_is_not_written_over(hub: FakeHub, out: Path) -> None:
    hub.faults = [Fault(COMMIT, "raced")]
    with pytest.raises(RetryableError, match=r"changed by someone meanwhile \(now [0-9a-f]{12}\)"):
        send_folder(out)
    repo = hub.repos[NAME]
    assert repo.trees[repo.head]["notes.md"] == b"of another"
    assert not repo.tags
    repo.add({name: c for name, c in repo.trees[repo.head].items() if name != "notes.md"})
    assert_holds(hub, out, send_folder(out))


def test_a_wrong_token_is_refused_and_never_told(
    hub: FakeHub, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_wrongwrong")
    with pytest.raises(UsageError, match="the Hub rejected the token") as refused:
        send_folder(out)
    assert "wrongwrong" not in str(refused.value)
    assert str(refused.value).endswith("change HF_TOKEN, which takes precedence")
    assert not hub.repos
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(huggingface_hub.constants, "HF_TOKEN_PATH", str(out / "no-token"))
    with pytest.raises(UsageError, match=r"rejected the token.*hf auth login"):
        send_folder(out)


def test_anothers_name_is_refused(hub: FakeHub, out: Path) -> None:
    hub.create("stranger/name")
    elsewhere = repository(name="other/name")
    with pytest.raises(UsageError, match=r"rejected the token \(403"):
        send(elsewhere, out / "publish", message="rows", private=False, tag=None)


@pytest.mark.parametrize(
    ("files", "asked", "message"),
    [
        ({"data.csv": b"1"}, {}, "exists and has no"),
        ({}, {"private": True}, "expected a private repository, found a public one"),
        ({}, {"tag": "taken"}, "taken is another commit; choose another --revision"),
    ],
)
def test_an_existing_name_is_not_written_over(
    hub: FakeHub, out: Path, files: dict[str, bytes], asked: dict[str, Any], message: str
) -> None:
    repo = hub.create(NAME, **files)
    repo.tags["taken"] = before = repo.head
    with pytest.raises(UsageError, match=message):
        send_folder(out, **asked)
    assert repo.head == before
    assert not hub.large


def test_an_existing_empty_name_is_filled(hub: FakeHub, out: Path) -> None:
    hub.create(NAME, **{"README.md": b"---\n---\n"})
    assert_holds(hub, out, send_folder(out, tag="first"))


def test_waits_grow_and_end(hub: FakeHub) -> None:
    waits: list[float] = []
    hub.faults = [Fault("GET", 500, times=1000)]
    with pytest.raises(RetryableError, match="try again"):
        repository(waits).head()
    assert waits == [1.0] * (ATTEMPTS - 1)  # as the server asks: Retry-After
    assert hub.asked("GET") == ATTEMPTS


def test_without_a_network_one_line_says_so(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UsageError, match="HF_HUB_OFFLINE is set"):
        repository().head()
    assert not hub.requests


@pytest.mark.parametrize("name", ["name", "a/b/c", "/b", "a/", "a b/c", ""])
def test_a_name_is_user_and_name(name: str) -> None:
    with pytest.raises(UsageError, match="expected USER/NAME"):
        check_name(name)


def is_restored(out: Path, path: Path) -> bool:
    files = [out / "manifest.json", *(out / "data").iterdir()]
    return all((path / p.relative_to(out)).read_bytes() == p.read_bytes() for p in files)


@pytest.mark.parametrize(
    "faults",
    [
        [],
        [Fault("GET .*/resolve/.*parquet", "gone", times=3)],
        [Fault("(HEAD|GET) .*/resolve/", 500, times=4), Fault("GET .*/tree/", 429)],
    ],
    ids=["none", "cut", "500"],
)
def test_pull_restores_equal_bytes(
    hub: FakeHub, out: Path, tmp_path: Path, faults: list[Fault]
) -> None:
    found = send_folder(out)
    hub.faults = faults
    place = tmp_path / "back"
    assert commit_of(repository(), "v1") == found.commit
    pull(repository(), place, commit=found.commit)
    assert not any(fault.times for fault in faults)
    assert is_restored(out, place)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(("back", "."))) == [
        "back"
    ]
    with pytest.raises(UsageError, match="exists already"):
        pull(repository(), place, commit=found.commit)


def test_a_pull_that_was_cut_goes_on(hub: FakeHub, out: Path, tmp_path: Path) -> None:
    commit = send_folder(out).commit
    hub.faults = [Fault("/resolve/.*val_2", 500, times=1000)]
    with pytest.raises(RetryableError, match="try again"):
        pull(repository(), tmp_path / "back", commit=commit)
    assert not (tmp_path / "back").exists()
    hub.faults, hub.requests = [], []
    pull(repository(), tmp_path / "back", commit=commit)
    assert is_restored(out, tmp_path / "back")
    assert hub.asked("GET .*parquet") == 1


def test_what_is_not_there_cannot_be_pulled(hub: FakeHub, tmp_path: Path) -> None:
    for revision in (None, "v9"):
        with pytest.raises(UsageError, match="no such data set"):
            commit_of(repository(), revision)
    commit = hub.create(NAME).head
    with pytest.raises(UsageError, match=r"expected manifest\.json"):
        pull(repository(), tmp_path / "back", commit=commit)
    assert not (tmp_path / "back").exists()


def test_a_damaged_publication_is_not_shown(hub: FakeHub, out: Path, tmp_path: Path) -> None:
    repo = hub.repos.setdefault(NAME, hub.create(NAME))
    tree = dict(repo.trees[send_folder(out).commit])
    first, second = sorted(name for name in tree if name.endswith(".parquet"))[:2]
    commit = repo.add({**tree, first: tree[second]})
    with pytest.raises(UsageError, match="do not give the bytes"):
        pull(repository(), tmp_path / "back", commit=commit)
    assert not list(tmp_path.glob("*back*"))


def test_shards_of_the_hub_come_into_the_cache_once(hub: FakeHub, out: Path) -> None:
    commit = send_folder(out).commit
    for place in (f"hf://datasets/{NAME}", f"hf://datasets/{NAME}@v1"):
        folder = local_folder(place)
        assert folder.name == commit
        assert is_restored(out, folder)
    num_asked = len(hub.requests)
    assert local_folder(f"hf://datasets/{NAME}@{commit}") == folder
    assert len(hub.requests) == num_asked
    assert hub.asked("GET .*parquet") == len(list((out / "publish/data").iterdir()))
    assert local_folder(out) == out
    assert read_manifest(folder) == read_manifest(out)
    with pytest.raises(UsageError, match="expected USER/NAME"):
        local_folder("hf://datasets/name")


def test_of_many_who_want_the_same_shards_one_fetches_them(hub: FakeHub, out: Path) -> None:
    send_folder(out)
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(local_folder, [f"hf://datasets/{NAME}"] * 4))
    assert len(folders) == 1
    assert is_restored(out, folders.pop())
    assert hub.asked("GET .*parquet") == len(list((out / "publish/data").iterdir()))


def test_two_who_publish_the_same_make_one_commit(hub: FakeHub, out: Path) -> None:
    hub.create(NAME)
    with ThreadPoolExecutor(3) as pool:
        found = {each.commit for each in pool.map(send_folder, [out] * 3)}
    assert found == {hub.repos[NAME].head}
    assert len(hub.repos[NAME].trees) == 2


def test_the_fake_speaks_of_what_it_does_not_know(hub: FakeHub) -> None:
    with pytest.raises(Exception, match=re.escape("no such endpoint GET /api/whoami-v2")):
        client().whoami(token=TOKEN)
    assert hub.asked("whoami") == 1
