"""Pages from templates (`page/*.html`); the only import of jinja2.

All values are escaped, except for SVGs of `data.plots`. Pages are self-contained. Their content
policy allows only the page's own style sheet and script, by hash, and no network, so markup in a
caption would not run even if it were not escaped. Pictures are data URLs in the page.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from data.tones import css_variables
from negatives.auditing.findings import format_bar, format_interval, format_value

_PAGE = Path(__file__).parent / "page"


def page(name: str, context: Mapping[str, object]) -> str:
    """Return the page of `page/NAME.html`, with its own and the shared style sheet and script.

    `context`: the values of the template's names.
    """
    style = css_variables() + _asset("shared.css") + _asset(f"{name}.css")
    script = _asset("shared.js") + _asset(f"{name}.js")
    policy = (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    own = {"policy": policy, "style": Markup(style), "script": Markup(script)}  # noqa: S704 - files
    return _templates().get_template(f"{name}.html").render({**context, **own})


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    made.filters["thousands"] = "{:,}".format
    made.filters["per_cent"] = _per_cent
    made.filters["shown"] = format_value
    made.filters["shown_bar"] = format_bar
    made.filters["shown_interval"] = format_interval
    return made


def _per_cent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"


def _asset(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
