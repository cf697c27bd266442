import os
import signal

import pytest
import torch

from data.errors import UsageError
from training.ranks import Stopping, device_of, exit_code, first_then_others, rank, told_to_stop


def test_one_process_is_a_group_of_none() -> None:
    assert rank() == 0
    assert first_then_others(lambda: 5) == 5
    assert Stopping(signal=15).agreed() == 15


@pytest.mark.parametrize(
    ("number", "code"), [(0, 0), (signal.SIGTERM, 75), (signal.SIGUSR1, 75), (signal.SIGINT, 130)]
)
def test_exit_codes(number: int, code: int) -> None:
    assert exit_code(number) == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_signals_are_remembered_and_then_as_before(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with told_to_stop() as stopping:
        assert stopping.agreed() == 0
        os.kill(os.getpid(), number)
        assert stopping.agreed() == number
    assert signal.getsignal(number) is before


def test_a_second_interrupt_ends_at_once() -> None:
    with told_to_stop() as stopping:
        stopping.note(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            stopping.note(signal.SIGINT)


def test_devices() -> None:
    assert device_of("cpu") == torch.device("cpu")
    assert device_of("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")
    for name in ("cude", "cuda:99"):
        with pytest.raises(UsageError, match=f"run.device: {name} cannot be used here"):
            device_of(name)
