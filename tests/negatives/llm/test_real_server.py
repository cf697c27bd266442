"""A real server in a process of its own, killed in the middle: nothing lost, nothing asked twice.

The model is tiny and random: what it says is of no use. `python -m benchmarks.llm_server` does the
same with the packaged one.
"""

from pathlib import Path

import pytest

from tests.negatives.llm.tiny_model import write_model

for _name in ("openai", "torch", "transformers", "tokenizers"):
    pytest.importorskip(_name, reason="the extra `llm` is not installed")
for _name in ("fastapi", "uvicorn"):
    pytest.importorskip(_name, reason="`transformers serve` needs transformers[serving]")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_server_killed_in_the_middle_costs_nothing_but_what_was_under_way(tmp_path: Path) -> None:
    from benchmarks.llm_server import CONCURRENCY, measure  # noqa: PLC0415 - needs what may be skipped

    model = tmp_path / "model"
    write_model(model, ["dog", "cat", "red", "blue", "user", "assistant", "{", "}"], context=4096)
    found = measure(model, tmp_path, num_images=10, dies_after=6)
    assert 6 <= found.records_at_kill < found.requests
    assert found.records == found.distinct == found.requests == found.num_kept
    assert 0 <= found.answered - found.records <= CONCURRENCY  # under way at the kill
    assert found.is_same
