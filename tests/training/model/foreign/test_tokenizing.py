"""Tokenizers of folders: none of them runs a program that the folder brings."""

import json
from pathlib import Path
from typing import Any

import pytest

from data.errors import UsageError
from tests.training.model.foreign.test_transformers import by_words, save_tokens
from training.model.library import tokenizer

PROGRAM = """
from pathlib import Path
from transformers import PreTrainedTokenizerFast
Path({trace!r}).touch()
class Theirs(PreTrainedTokenizerFast):
    pass
"""


def with_program(folder: Path, trace: Path) -> None:
    save_tokens(by_words("<unk> a </s>"), folder, pad="</s>")
    (folder / "theirs.py").write_text(PROGRAM.format(trace=str(trace)))
    path = folder / "tokenizer_config.json"
    content = json.loads(path.read_text())
    content |= {"tokenizer_class": "Theirs", "auto_map": {"AutoTokenizer": [None, "theirs.Theirs"]}}
    path.write_text(json.dumps(content))


def of_open_clip(folder: Path, options: object) -> None:
    text = {"hf_tokenizer_name": "theirs", "context_length": 4, "tokenizer_kwargs": options}
    content = {"model_cfg": {"embed_dim": 4, "text_cfg": text}}
    (folder / "open_clip_config.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trust_remote_code": True}, "only the options clean, .* found 'trust_remote_code': True"),
        ({"clean": ["lower"]}, r"found 'clean': \['lower'\]"),
        ([], r"expected a mapping, found \[\]"),
        ({}, "custom code"),
    ],
)
def test_a_folder_runs_no_program(
    options: Any,  # noqa: ANN401
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr("builtins.input", lambda _question: "y")
    folder = tmp_path / "model"
    folder.mkdir()
    of_open_clip(folder, options)
    with_program(folder, tmp_path / "trace")
    with pytest.raises(UsageError, match=message) as caught:
        tokenizer(f"local-dir:{folder}")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "trace").exists()


def test_open_clips_own_options_are_taken(tmp_path: Path) -> None:
    of_open_clip(tmp_path, {"clean": "lower", "strip_sep_token": False, "language": None})
    save_tokens(by_words("<unk> a </s>"), tmp_path, pad="</s>")
    assert tokenizer(f"local-dir:{tmp_path}")(["A b"]).tolist() == [[1, 0, 2, 2]]
