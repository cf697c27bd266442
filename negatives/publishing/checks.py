"""What may be published: a folder whose audit is within its bars, with a known licence."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data.errors import UsageError
from data.manifest import Manifest
from negatives.auditing.findings import Audit, Bar, Finding

_SHARE = ("folder", "group", "judgement", "value", "low", "high", "num")


def read_audit(path: Path, manifest: Manifest) -> tuple[Audit, dict[str, Any]]:
    """Return an audit of this folder that `negatives audit --out` wrote, and its JSON.

    Raises:
        UsageError: it is not such a file, or is for another folder.
    """
    content = _json(path)
    try:
        findings = tuple(_finding(dict(item)) for item in content["findings"])
        audit = Audit(**{**content, "findings": findings})
        verdicts = [item["verdict"] for item in content["findings"]]
    except (KeyError, TypeError) as error:
        raise UsageError(
            f"{path}: expected the output of `negatives audit OUT --out FILE`, found other JSON"
        ) from error
    if audit.fingerprint != manifest.fingerprint or not all(isinstance(v, str) for v in verdicts):
        raise UsageError(
            f"{path}: an audit of another folder ({str(audit.fingerprint)[:12]}...); expected "
            f"one of {manifest.fingerprint[:12]}..."
        )
    return audit, content


def read_shares(path: Path) -> list[dict[str, Any]]:
    """Return the shares that `negatives annotate --summary --json` printed.

    Raises:
        UsageError: it is not such a file.
    """
    shares = _json(path).get("shares")
    if not isinstance(shares, list) or not all(set(_SHARE) <= set(share) for share in shares):
        raise UsageError(f"{path}: expected the output of `negatives annotate --summary --json`")
    return shares


def refuse_failing(findings: Sequence[Mapping[str, Any]], *, allowed: bool) -> None:
    """Reject an audit with a finding outside its bar, unless allowed.

    Raises:
        UsageError: there is one.
    """
    outside = [f"{item['measure']} of {item['group']}" for item in findings if _is_outside(item)]
    if outside and not allowed:
        raise UsageError(
            f"the audit is outside its bars: {', '.join(outside)}; change the build, or publish "
            "anyway with --allow-failing-audit (the card says so)"
        )


def licence_of(manifest: Manifest, *, unknown_allowed: bool) -> str:
    """Return the licence of the captions, "" if it is unknown and that is allowed.

    Raises:
        UsageError: it is unknown.
    """
    licence = str(manifest.source.get("licence") or "")
    if licence and "NOASSERTION" not in licence:
        return licence
    if not unknown_allowed:
        raise UsageError(
            "expected captions of a known licence, found none in the manifest; state it when "
            "reading them (--set data.source.licence=..., `import --licence`), or publish anyway "
            "with --allow-unknown-licence, if you may"
        )
    return ""


def _is_outside(item: Mapping[str, Any]) -> bool:
    return bool(item["verdict"] == "outside")


def _finding(item: dict[str, Any]) -> Finding:
    fields = {name: value for name, value in item.items() if name != "verdict"}
    bar = fields.get("bar")
    if bar is not None:
        low, high = bar
        fields["bar"] = Bar(-math.inf if low is None else low, math.inf if high is None else high)
    return Finding(**fields)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: expected a file of JSON: {error}") from error
    if not isinstance(content, dict):
        raise UsageError(f"{path}: expected an object, found {type(content).__name__}")
    return content
