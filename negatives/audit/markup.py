"""HTML that cannot be broken by what it shows: text is escaped unless it is `Html` already.

Pages are self-contained. Their content policy allows the one style sheet and the one script that
the page was made with, by hash, and no network: a caption that were markup would still not run.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

_PAGE = Path(__file__).parent / "page"
_VOID = frozenset(("input", "meta"))  # elements that have no end


class Html(str):
    """Markup made by this module; every other `str` is text to be escaped."""

    __slots__ = ()


def element(name: str, attributes: Mapping[str, str] | None = None, *children: str) -> Html:
    """Return an element; children that are no `Html` and all attributes' values are escaped."""
    given = "".join(f' {key}="{escape(value)}"' for key, value in (attributes or {}).items())
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{joined(*children)}</{name}>")


def joined(*parts: str) -> Html:
    """Return the parts one after another, escaped where they are text."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))


def spoken(text: str) -> Html:
    """Return text for screen readers alone."""
    return element("span", {"class": "spoken"}, text)


def table(
    title: str, headings: Sequence[str], rows: Sequence[Html], *, kind: str = "", head: str = ""
) -> Html:
    """Return a table of rows; `kind` and `head` are the classes of it and of its headings."""
    cells = [element("th", {"scope": "col"}, heading) for heading in headings]
    return element(
        "table",
        {"class": kind},
        element("caption", {"class": "spoken"}, title),
        element("thead", {"class": head}, element("tr", None, *cells)),
        element("tbody", None, *rows),
    )


def data_block(identity: str, content: object) -> Html:
    """Return JSON for the page's script to read; no character in it can end the block."""
    text = json.dumps(content, ensure_ascii=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Html(f'<script type="application/json" id="{escape(identity)}">{text}</script>')


def page(title: str, body: Html, *, name: str) -> str:
    """Return a whole page with the shared style sheet and `page/NAME.css` and `page/NAME.js`."""
    style = _asset("shared.css") + _asset(f"{name}.css")
    script = _asset("shared.js") + _asset(f"{name}.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        None,
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("title", None, title),
        Html(f"<style>{style}</style>"),
    )
    whole = element("body", None, body, Html(f"<script>{script}</script>"))
    return f"<!doctype html>\n{element('html', {'lang': 'en'}, head, whole)}\n"


def _asset(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
