import pytest
import torch

from data.errors import UsageError
from training.run.ranks import device_of, first_then_others, rank


def test_one_process_is_a_group_of_none() -> None:
    assert rank() == 0
    assert first_then_others(lambda: 5) == 5


def test_devices() -> None:
    assert device_of("cpu") == torch.device("cpu")
    assert device_of("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    for name in ("cude", "cuda:99"):
        with pytest.raises(UsageError, match=f"run.device: {name} cannot be used here"):
            device_of(name)
