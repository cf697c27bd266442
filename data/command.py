"""What commands share: path types, the --set option, and exit codes in place of tracebacks."""

import os
import sys
from typing import Final

import click

from data.disk import describe_os_error
from data.errors import RetryableError, ShardError, UsageError
from data.storage import AnyPath, is_remote, path_of


class PathType(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """A path on this machine, or with `by_url` also a URL such as s3://bucket/folder."""

    name = "path"

    def __init__(self, *, by_url: bool) -> None:
        self._by_url = by_url

    def convert(
        self, value: str | AnyPath, param: click.Parameter | None, ctx: click.Context | None
    ) -> AnyPath:
        """Return the path, or for a URL a `Remote`."""
        path = path_of(value)
        if is_remote(path) and not self._by_url:
            self.fail(f"{value}: expected a path on this machine, found a URL", param, ctx)
        return path


PATH_OR_URL: Final = PathType(by_url=True)
LOCAL_PATH: Final = PathType(by_url=False)

set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    help="Set any option of pipeline.yaml; repeatable.",
)
"""The option of every command that reads a pipeline.yaml."""


def run(command: click.Command, *, name: str, renamed: dict[str, str] | None = None) -> None:
    """Run a command; exit with 2 if the user can fix the error, with 1 if work failed.

    `renamed` maps former names of options to their present names.
    """
    try:
        command.main(prog_name=name, standalone_mode=False)
    except click.NoSuchOption as error:
        if now := (renamed or {}).get(error.option_name):
            click.UsageError(f"{error.option_name} was renamed; use {now}", error.ctx).show()
        else:
            error.show()
        sys.exit(2)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except (UsageError, ShardError, RetryableError) as error:
        click.echo(f"{name}: {error}", err=True)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:  # a full disk, a folder without read permission
        click.echo(f"{name}: {describe_os_error(error)}", err=True)
        sys.exit(1)
