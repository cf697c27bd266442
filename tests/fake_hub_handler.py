"""The endpoints that huggingface_hub calls, over the state of `tests.fake_hub_state`."""

import base64
import hashlib
import json
import re
import socket
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fake_hub_state import TOKEN, FakeHub, Repo
from tests.loopback import Answering

PAGE = 3  # entries of a tree in one answer
_LARGE = (".parquet", ".npy", ".arrow")
_REPO = r"/api/(?:datasets|models)/(?P<name>[^/]+/[^/]+)"
_ROUTES = (
    ("POST", r"/api/repos/create", "create"),
    ("POST", r"/api/validate-yaml", "validate"),
    ("GET", _REPO, "info"),
    ("GET", _REPO + r"/revision/(?P<revision>[^/]+)", "info"),
    ("GET", _REPO + r"/tree/(?P<revision>[^/]+)(?:/(?P<below>.+))?", "tree"),
    ("GET", _REPO + r"/refs", "refs"),
    ("POST", _REPO + r"/tag/(?P<revision>[^/]+)", "tag"),
    ("POST", _REPO + r"/preupload/(?P<revision>[^/]+)", "preupload"),
    ("POST", _REPO + r"/paths-info/(?P<revision>[^/]+)", "paths_info"),
    ("POST", _REPO + r"/commit/(?P<revision>[^/]+)", "commit"),
    ("POST", r"/datasets/(?P<name>[^/]+/[^/]+)\.git/info/lfs/objects/batch", "batch"),
    ("PUT", r"/large/(?P<oid>[0-9a-f]{64})", "store"),
    ("PUT", r"/parts/(?P<oid>[0-9a-f]{64})/(?P<part>\d+)", "store_part"),
    ("POST", r"/whole/(?P<oid>[0-9a-f]{64})", "join_parts"),
    ("GET|HEAD", r"(?:/datasets)?/(?P<name>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)",
     "resolve"),
)  # fmt: skip
_FREE = ("store", "store_part", "join_parts", "paths_info")  # whoever has the address may


class _Refused(Exception):
    def __init__(self, status: int, message: str, code: str = "", **more: str) -> None:
        super().__init__(message)
        self.status, self.told, self.code, self.more = status, message, code, more


class Handler(Answering):
    state: FakeHub

    def answer(self) -> None:
        url = urlsplit(self.path)
        request = f"{self.command} {unquote(url.path)}"
        fault = self.state.fault(request)
        self.state.requests.append(request)
        size = int(self.headers.get("Content-Length") or 0)
        if fault == "cut":
            self.rfile.read(size // 2)
            self.close_connection = True
            self._send(500, {"error": "cut in the middle"})
            return
        body = self._chunks() if "chunked" in self.headers.get("Transfer-Encoding", "") else (
            self.rfile.read(size)
        )  # fmt: skip
        if fault == "html":
            self._send(502, b"<html>Bad gateway</html>")
            return
        if isinstance(fault, int):
            self._send(fault, {"error": f"fault {fault}"}, **{"Retry-After": "1"})
            return
        try:
            with self.state.lock:
                answer = self._routed(url.path, parse_qs(url.query), body, fault)
        except _Refused as refused:
            headers = {"X-Error-Message": refused.told}
            headers |= {"X-Error-Code": refused.code} if refused.code else {}
            self._send(refused.status, {"error": refused.told, **refused.more}, **headers)
            return
        if fault == "lost":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._send(200, *answer[:1], cut=fault == "gone", **answer[1])

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _routed(
        self, path: str, query: dict[str, list[str]], body: bytes, fault: object
    ) -> tuple[Any, dict[str, str]]:
        for methods, pattern, name in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and self.command in methods.split("|"):
                found = {key: unquote(value) for key, value in match.groupdict("").items()}
                writes = self.command in {"POST", "PUT"} and name not in _FREE
                self._check_token(required=writes)
                if fault == "raced":
                    repo = self._repo(found)
                    repo.add({**repo.trees[repo.head], "notes.md": b"of another"})
                answer = getattr(self, f"_{name}")(found, query, body)
                return answer if isinstance(answer, tuple) else (answer, {})
        raise _Refused(404, f"no such endpoint {self.command} {path}")

    def _check_token(self, *, required: bool) -> None:
        given = self.headers.get("Authorization", "")
        if given != f"Bearer {TOKEN}" and (given or required):
            raise _Refused(401, "Invalid credentials in Authorization header")

    def _repo(self, found: dict[str, str]) -> Repo:
        repo = self.state.repos.get(found["name"])
        if repo is None or (repo.private and not self.headers.get("Authorization")):
            raise _Refused(404, "Repository not found", "RepoNotFound")
        return repo

    def _commit_of(self, found: dict[str, str]) -> tuple[Repo, str]:
        repo = self._repo(found)
        commit = repo.commit_of(found.get("revision") or "main")
        if commit is None:
            raise _Refused(404, "Invalid rev id", "RevisionNotFound")
        return repo, commit

    def _create(self, _found: dict[str, str], _query: object, body: bytes) -> object:
        asked = json.loads(body)
        name = f"{asked['organization']}/{asked['name']}"
        if asked["organization"] != "user":
            raise _Refused(403, f"no right to write to {asked['organization']}")
        if name in self.state.repos:
            url = f"{self.state.url}/datasets/{name}"
            raise _Refused(409, "You already created this dataset repo", url=url)
        self.state.create(name, private=asked.get("visibility") == "private")
        return {"url": f"{self.state.url}/datasets/{name}", "name": name}

    def _validate(self, _found: object, _query: object, body: bytes) -> object:
        assert json.loads(body)["content"].startswith("---\n")
        return {"errors": [], "warnings": []}

    def _info(self, found: dict[str, str], _query: object, _body: object) -> object:
        repo, commit = self._commit_of(found)
        names = [{"rfilename": name} for name in repo.trees[commit]]
        known = {"id": found["name"], "sha": commit, "private": repo.private, "tags": []}
        return {**known, "siblings": names, "downloads": 0, "likes": 0}

    def _refs(self, found: dict[str, str], _query: object, _body: object) -> object:
        repo = self._repo(found)
        tags = [
            {"name": name, "ref": f"refs/tags/{name}", "targetCommit": commit}
            for name, commit in repo.tags.items()
        ]
        main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repo.head}
        return {"branches": [main], "tags": tags, "converts": []}

    def _tag(self, found: dict[str, str], _query: object, body: bytes) -> object:
        repo, commit = self._commit_of(found)
        name = json.loads(body)["tag"]
        if name in repo.tags:
            raise _Refused(409, "Tag reference exists already")
        repo.tags[name] = commit
        return {}

    def _tree(self, found: dict[str, str], query: dict[str, list[str]], _body: object) -> object:
        repo, commit = self._commit_of(found)
        recursive = query.get("recursive", ["false"])[0].lower() == "true"
        prefix = f"{found['below']}/" if found.get("below") else ""
        entries: dict[str, object] = {}
        for name, content in sorted(repo.trees[commit].items()):
            if not name.startswith(prefix):
                continue
            folders = name.removeprefix(prefix).split("/")[:-1]
            for depth in range(len(folders)):
                path = prefix + "/".join(folders[: depth + 1])
                oid = hashlib.sha1(path.encode()).hexdigest()  # noqa: S324
                if recursive or depth == 0:
                    entries[path] = {"type": "directory", "path": path, "oid": oid, "size": 0}
            if recursive or not folders:
                entries[name] = self._entry(name, content)
        if prefix and not entries:
            raise _Refused(404, "no such folder", "EntryNotFound")
        start = int(query.get("cursor", ["0"])[0])
        shown = list(entries.values())[start : start + PAGE]
        if start + PAGE >= len(entries):
            return shown, {}
        path = urlsplit(self.path).path
        flag = "true" if recursive else "false"
        following = f"{self.state.url}{path}?recursive={flag}&cursor={start + PAGE}"
        return shown, {"Link": f'<{following}>; rel="next"'}

    def _paths_info(self, found: dict[str, str], _query: object, body: bytes) -> object:
        repo, commit = self._commit_of(found)
        if b"=" in body[:20] and not body.startswith(b"{"):
            wanted = parse_qs(body.decode()).get("paths", [])
        else:
            wanted = json.loads(body)["paths"]
        tree = repo.trees[commit]
        return [self._entry(name, tree[name]) for name in wanted if name in tree] + [
            {"type": "directory", "path": name, "oid": "0" * 40, "size": 0}
            for name in wanted
            if name not in tree and any(other.startswith(f"{name}/") for other in tree)
        ]

    def _entry(self, name: str, content: bytes) -> dict[str, Any]:
        git = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()  # noqa: S324
        entry = {"type": "file", "path": name, "size": len(content), "oid": git}
        if name.endswith(_LARGE):
            sha256 = hashlib.sha256(content).hexdigest()
            entry |= {"lfs": {"oid": sha256, "size": len(content), "pointerSize": 130}}
        return entry

    def _preupload(self, found: dict[str, str], _query: object, body: bytes) -> object:
        repo, commit = self._commit_of(found)
        files = []
        for asked in json.loads(body)["files"]:
            name = asked["path"]
            mode = "lfs" if name.endswith(_LARGE) else "regular"
            known = {"path": name, "uploadMode": mode, "shouldIgnore": False}
            if name in repo.trees[commit]:
                entry = self._entry(name, repo.trees[commit][name])
                known["oid"] = entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]
            files.append(known)
        return {"files": files}

    def _batch(self, found: dict[str, str], _query: object, body: bytes) -> object:
        self._repo(found)
        objects = []
        for asked in json.loads(body)["objects"]:
            oid = asked["oid"]
            place = {"upload": self._place(oid, asked["size"])}
            actions = {} if oid in self.state.large else {"actions": place}
            objects.append({"oid": oid, "size": asked["size"], **actions})
        return {"transfer": "basic", "objects": objects}

    def _place(self, oid: str, size: int) -> object:
        """Return where a file goes: to one place, or in parts if it is large."""
        part_bytes = self.state.part_bytes
        if size <= part_bytes:
            return {"href": f"{self.state.url}/large/{oid}"}
        numbers = range(1, -(-size // part_bytes) + 1)
        header = {f"{number:05d}": f"{self.state.url}/parts/{oid}/{number}" for number in numbers}
        return {
            "href": f"{self.state.url}/whole/{oid}",
            "header": {"chunk_size": str(part_bytes), **header},
        }

    def _store_part(self, found: dict[str, str], _query: object, body: bytes) -> object:
        etag = hashlib.md5(body).hexdigest()  # noqa: S324  (as stores do)
        self.state.parts[found["oid"], int(found["part"])] = (etag, body)
        return {}, {"ETag": f'"{etag}"'}

    def _join_parts(self, found: dict[str, str], _query: object, body: bytes) -> object:
        asked = json.loads(body)
        parts = [self.state.parts[found["oid"], part["partNumber"]] for part in asked["parts"]]
        if [f'"{etag}"' for etag, _ in parts] != [part["etag"] for part in asked["parts"]]:
            raise _Refused(400, "other parts than were sent")
        return self._store(found, _query, b"".join(content for _, content in parts))

    def _store(self, found: dict[str, str], _query: object, body: bytes) -> object:
        if hashlib.sha256(body).hexdigest() != found["oid"]:
            raise _Refused(400, "other bytes than were told")
        self.state.large[found["oid"]] = body
        return {}

    def _commit(self, found: dict[str, str], _query: object, body: bytes) -> object:
        repo, parent = self._commit_of(found)
        tree = dict(repo.trees[parent])
        for line in body.splitlines():
            item = json.loads(line)
            value = item["value"]
            if item["key"] == "header" and value.get("parentCommit") not in {None, parent}:
                raise _Refused(412, "A commit has happened since. Please refresh and try again.")
            if item["key"] == "file":
                tree[value["path"]] = base64.b64decode(value["content"])
            elif item["key"] == "lfsFile":
                if value["oid"] not in self.state.large:
                    raise _Refused(400, "no such large file was sent")
                tree[value["path"]] = self.state.large[value["oid"]]
            elif item["key"] == "deletedFile":
                del tree[value["path"]]
        commit = repo.add(tree)
        url = f"{self.state.url}/datasets/{found['name']}/commit/{commit}"
        return {"commitUrl": url, "commitOid": commit, "success": True}

    def _resolve(self, found: dict[str, str], _query: object, _body: object) -> object:
        repo, commit = self._commit_of(found)
        content = repo.trees[commit].get(found["path"])
        if content is None:
            raise _Refused(404, "Entry not found", "EntryNotFound")
        entry = self._entry(found["path"], content)
        etag = entry["lfs"]["oid"] if "lfs" in entry else entry["oid"]
        return content, {"ETag": f'"{etag}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}

    def _send(self, status: int, content: object, *, cut: bool = False, **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked and status == 200 and isinstance(content, bytes):
            start, end = int(asked[1]), int(asked[2] or len(body) - 1)
            headers["Content-Range"] = f"bytes {start}-{min(end, len(body) - 1)}/{len(body)}"
            body = body[start : end + 1]
            status = 206
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        is_bytes = isinstance(content, bytes)
        self.send_header("Content-Type", "text/plain" if is_bytes else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True
