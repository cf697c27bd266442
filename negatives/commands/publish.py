"""`negatives publish` and `pull`: a finished folder as a data set on the Hub, and back."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from data.command import LOCAL_PATH, PATH_OR_URL
from data.errors import UsageError
from data.storage import AnyPath, is_remote
from data.texts import counted

if TYPE_CHECKING:
    from data.manifest import Manifest
    from negatives.auditing.findings import Audit
    from negatives.publishing.sending import SendResult

_JSON = click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
_QUIET = click.option("--quiet", is_flag=True, help="Print only errors.")
_FOLDER = "publish"


@click.command()
@click.argument("folder", type=PATH_OR_URL)
@click.argument("repository", metavar="USER/NAME")
@click.option("--dry-run", is_flag=True, help="Only write the files that would be uploaded.")
@click.option("--to", type=LOCAL_PATH, help="The folder for these files; default OUT/publish.")
@click.option("--private", is_flag=True, help="Make a private data set.")
@click.option("--revision", help="The tag of the commit; default: the next of v1, v2 ...")
@click.option(
    "--audit",
    "audit_file",
    type=LOCAL_PATH,
    help="The output of `negatives audit OUT --out FILE`; by default the audit runs now.",
)
@click.option(
    "--usefulness", type=LOCAL_PATH, help="The output of `negatives annotate --summary --json`."
)
@click.option(
    "--reference-model",
    default="auto",
    show_default=True,
    help="As for `negatives audit`, if the audit runs now.",
)
@click.option(
    "--allow-failing-audit", is_flag=True, help="Publish despite findings outside their bars."
)
@click.option(
    "--allow-unknown-licence", is_flag=True, help="Publish captions with an unknown licence."
)
@_JSON
@_QUIET
def publish(
    *,
    folder: AnyPath,
    repository: str,
    dry_run: bool,
    to: Path | None,
    private: bool,
    revision: str | None,
    audit_file: Path | None,
    usefulness: Path | None,
    reference_model: str,
    allow_failing_audit: bool,
    allow_unknown_licence: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Verify a finished folder, convert it for the Hugging Face Hub, and upload it.

    One commit and a tag: parquet files, manifest, audit, report and card. Images are not uploaded.
    After a lost connection run it again: nothing is uploaded twice. The token comes from `hf auth
    login` or HF_TOKEN.

    \b
    negatives publish out user/name --dry-run
    negatives publish out user/name --private --revision v1
    """
    from data.hub import Repository, check_name, client
    from data.pulling import local_folder
    from negatives.commands.progress import counting
    from negatives.publishing.checks import licence_of, read_shares, refuse_failing
    from negatives.publishing.sending import send
    from negatives.publishing.writing import Publication, verify_folder, write_files

    check_name(repository)
    if dry_run:
        _refuse_unused(private=private, revision=revision)
    shown = not (quiet or as_json)
    api = None if dry_run else client(bars=shown)  # fails early if it is not installed
    if is_remote(folder):
        if to is None:
            raise UsageError(f"{folder}: expected --to, a folder on this machine for the files")
        folder = local_folder(folder)
    manifest = verify_folder(folder)
    licence = licence_of(manifest, unknown_allowed=allow_unknown_licence)
    shares = read_shares(usefulness) if usefulness is not None else ()
    audit, figures = _audit(folder, manifest, audit_file, reference_model=reference_model)
    refuse_failing(figures["findings"], allowed=allow_failing_audit)
    publication = Publication(
        repository=repository, audit=audit, figures=figures, licence=licence, shares=shares
    )
    out = to or folder / _FOLDER
    total = sum(shard.rows for shard in (*manifest.shards, *manifest.rejects))
    with counting("write", total=total, shown=shown) as report:
        files = write_files(folder, out, publication=publication, report=report)
    sent = None
    if api is not None:
        name = Repository(name=repository, api=api)
        message = f"{counted(manifest.num_rows(), 'caption')}, manifest {manifest.fingerprint[:12]}"
        sent = send(name, out, message=message, private=private, tag=revision)
    _tell(out, files, repository, sent, as_json=as_json, quiet=quiet)


@click.command()
@click.argument("repository", metavar="USER/NAME")
@click.argument("folder", type=LOCAL_PATH)
@click.option("--revision", help="A tag, branch or commit; default: the newest commit.")
@_JSON
@_QUIET
def pull(
    *, repository: str, folder: Path, revision: str | None, as_json: bool, quiet: bool
) -> None:
    """Restore the shards of a published folder, byte for byte, checked against the manifest.

    \b
    negatives pull user/name out --revision v1
    """
    from data.hub import Repository, check_name, client
    from data.manifest import read_manifest
    from data.pulling import commit_of
    from data.pulling import pull as restore
    from negatives.commands.progress import counting

    shown = not (quiet or as_json)
    name = Repository(name=check_name(repository), api=client(bars=shown))
    commit = commit_of(name, revision)
    with counting("restore", total=None, shown=shown) as report:
        restore(name, folder, commit=commit, report=report)
    rows = read_manifest(folder).num_rows()
    if as_json:
        click.echo(json.dumps({"out": str(folder), "commit": commit, "rows": rows}, indent=1))
    elif not quiet:
        found = f"{counted(rows, 'row')} of {repository}, commit {commit[:12]}"
        click.echo(f"{folder}: {found}: complete")


def _refuse_unused(*, private: bool, revision: str | None) -> None:
    """Reject options that have no effect with --dry-run.

    Raises:
        UsageError: there is one.
    """
    given = ["--private"] * private + ["--revision"] * (revision is not None)
    if given:
        raise UsageError(f"--dry-run uploads nothing: leave out {' and '.join(given)}")


def _audit(
    folder: Path, manifest: "Manifest", file: Path | None, *, reference_model: str
) -> tuple["Audit", Mapping[str, Any]]:
    from negatives.auditing.api import open_reference, plain_audit
    from negatives.auditing.run import AuditOptions, audit_folder
    from negatives.publishing.checks import read_audit

    if file is not None:
        return read_audit(file, manifest)
    audit = audit_folder(
        folder, options=AuditOptions(reference=open_reference(reference_model))
    ).audit
    return audit, plain_audit(audit)


def _tell(
    out: Path,
    files: list[str],
    repository: str,
    sent: "SendResult | None",
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    if as_json:
        found = {"folder": str(out), "files": files, "repository": repository}
        told = None if sent is None else sent._asdict()
        click.echo(json.dumps({**found, "sent": told}, indent=1))
    elif not quiet:
        size = sum((out / name).stat().st_size for name in files) / 1e6
        click.echo(f"{out}: {counted(len(files), 'file')}, {size:,.1f} MB")
        if sent is None:
            click.echo("nothing was uploaded")
        else:
            how = "sent" if sent.is_new else "there already"
            click.echo(f"{repository}: {how}, commit {sent.commit[:12]}, tag {sent.tag}")
