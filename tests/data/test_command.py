import click
import pytest

from data.command import run
from data.errors import RetryableError, ShardError, UsageError

ROOM = "; free some space and run the command again: finished work is kept"


def command_of(error: BaseException | None) -> click.Command:
    @click.command()
    @click.option("--number", type=int)
    def command(*, number: int | None) -> None:
        del number
        if error is not None:
            raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UsageError("expected x"), 2, "tool: expected x\n"),
        (ShardError("one failed"), 1, "tool: one failed\n"),
        (RetryableError("no network"), 1, "tool: no network\n"),
        (OSError(13, "Not allowed"), 1, "tool: [Errno 13] Not allowed\n"),
        (OSError(13, "x", "a/b"), 1, "tool: a/b: Permission denied\n"),
        (OSError(28, "x", "a/b"), 1, f"tool: a/b: No space left on device{ROOM}\n"),
        (OSError(27, "Too large"), 1, f"tool: [Errno 27] Too large{ROOM}\n"),
        (click.Abort(), 130, ""),
        (SystemExit(75), 75, ""),
    ],
)
def test_errors_become_exit_codes(
    error: BaseException,
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.argv", ["tool"])
    with pytest.raises(SystemExit) as end:
        run(command_of(error), name="tool")
    assert end.value.code == code
    assert capsys.readouterr().err == message


def test_what_click_refuses_is_exit_code_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["tool", "--number", "x"])
    with pytest.raises(SystemExit) as end:
        run(command_of(None), name="tool")
    assert end.value.code == 2
    assert "Usage: tool" in capsys.readouterr().err


def test_a_command_that_ends_well_just_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["tool", "--number", "3"])
    run(command_of(None), name="tool")


def test_the_old_name_of_an_option_is_refused_with_the_new_one(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["tool", "--judge", "none"])
    with pytest.raises(SystemExit) as end:
        run(command_of(None), name="tool", renamed={"--judge": "--reference-model"})
    assert end.value.code == 2
    assert "--judge was renamed; use --reference-model" in capsys.readouterr().err
