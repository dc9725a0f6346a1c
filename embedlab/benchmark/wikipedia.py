"""Long documents: about a hundred whole Wikipedia articles, their wikitext made Markdown.

The articles (CC BY-SA 3.0, written by Wikipedia's contributors, of spring 2016) come inside the package
gensim, among the files that it tests itself with. Nothing is downloaded.
"""

from __future__ import annotations

import bz2
import json
import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import iterparse

from embedlab.machine import cached, content_key, file_sha256

DUMP = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
LICENCE = "CC BY-SA 3.0, the contributors of the English Wikipedia"
# Sections that hold no text of the article.
APPENDICES = {
    *("references", "external links", "see also", "further reading", "notes", "notes and references"),
    *("bibliography", "sources", "footnotes", "citations", "works cited", "references and notes"),
}
DROPPED_TAGS = {"ref", "references", "gallery", "timeline", "score", "hr", "imagemap"}
# Templates that stand for text, and which of their arguments it is; all others are left out.
KEPT_TEMPLATES = {
    **dict.fromkeys(("lang", "transl"), -1),
    **dict.fromkeys(("nowrap", "small", "smaller", "big", "sc", "abbr", "nobold", "vanchor", "longitem"), 0),
    **dict.fromkeys(("quote", "blockquote", "cquote", "nihongo", "angbr", "val", "nts", "dts", "as of"), 0),
}
JOINED_TEMPLATES = {"chem": "", "frac": "/", "convert": " "}
LEFTOVERS = [
    (re.compile(r"(?s)<ref[^<>]*/>|<ref[^<>]*>.{0,600}?</ref>|\[\[(File|Image):[^\n]*"), ""),
    (re.compile(r"</?(ref|blockquote|div|span|center|small|code|nowiki)[^<>\n]{0,80}>|'{2,}"), ""),
    (re.compile(r" ?\([\s;,:]*\)"), ""),  # what is left of a pronunciation
    (re.compile(r"\([;,] ?(?:[;,] ?)*"), "("),
]


@dataclass(frozen=True)
class Article:
    """One article: its title, and its text as Markdown (headings from ``##``, lists, tables)."""

    title: str
    text: str


def wikipedia(*, cache: bool = True) -> list[Article]:
    """Return the articles, in the order of the dump; pages that only list other pages are left out.

    Parameters
    ----------
    cache : bool
        Keep the parsed text on disk. Parsing takes about fifteen seconds.

    Examples
    --------
    >>> articles = wikipedia()
    >>> albedo = next(article for article in articles if article.title == "Albedo")
    >>> albedo.text[:60]
    'Albedo or reflection coefficient, derived from Latin albedo '
    """
    dump = _dump()

    def build() -> list[Article]:
        pages = {title: text for title, text in _pages(dump) if "(disambiguation)" not in title}
        found = [Article(title, to_markdown(text)) for title, text in pages.items() if not _lists_pages(text)]
        return found

    if not cache:
        return build()
    key = content_key(file_sha256(dump), Path(__file__).read_bytes())
    return cached("wikipedia", key, build, _write, _read, suffix=".json")


def to_markdown(wikitext: str) -> str:
    """Turn wikitext into Markdown: headings, paragraphs, lists, tables; references and pictures left out.

    Examples
    --------
    >>> print(to_markdown("'''Ada''' is a [[Ada (language)|language]].<ref>x</ref>\\n== Use ==\\n* planes"))
    Ada is a language.
    <BLANKLINE>
    ## Use
    <BLANKLINE>
    - planes
    """
    import mwparserfromhell

    code = mwparserfromhell.parse(wikitext)
    text = "".join(_text(node) for node in code.nodes)
    for unparsed, instead in LEFTOVERS:  # markup that is broken in the dump
        text = unparsed.sub(instead, text)
    text = _without_appendices(text)
    text = re.sub(r"[ \t\xa0]+", " ", text)
    text = re.sub(r" ?\n ?", "\n", text)
    text = re.sub(r"\n{3,}", "\n\n", text)
    return text.strip()


def _text(node: object) -> str:
    """Return what a reader sees of one node of the parsed page."""
    from mwparserfromhell import nodes

    if isinstance(node, nodes.Text):
        return str(node.value)
    if isinstance(node, nodes.Heading):
        return f"\n\n{'#' * node.level} {_inside(node.title).strip()}\n\n"
    if isinstance(node, nodes.Wikilink):
        target = str(node.title).strip().lower()
        if target.startswith(("file:", "image:", "category:", ":category:")):
            return ""
        return _inside(node.text if node.text is not None else node.title)
    if isinstance(node, nodes.ExternalLink):
        return _inside(node.title) if node.title is not None else ""
    if isinstance(node, nodes.HTMLEntity):
        return node.normalize()
    if isinstance(node, nodes.Template):
        return _template(node)
    if isinstance(node, nodes.Tag):
        return _tag(node)
    return ""  # comments, arguments of templates


def _inside(code: object) -> str:
    return "".join(map(_text, code.nodes)) if code is not None else ""


def _template(node: object) -> str:
    name = str(node.name).strip().lower()
    given = [_inside(one.value).strip() for one in node.params if not one.showkey]
    if name in KEPT_TEMPLATES and given:
        return given[KEPT_TEMPLATES[name]]
    if name in JOINED_TEMPLATES:
        return JOINED_TEMPLATES[name].join(given[:2] if name == "convert" else given)
    return ""


def _tag(node: object) -> str:
    name = str(node.tag).strip().lower()
    if name in DROPPED_TAGS:
        return ""
    if name == "table":
        return f"\n\n{_table(node)}\n\n"
    if name == "br":
        return " "
    if name == "li":
        return "- " if node.wiki_markup else f"\n- {_inside(node.contents).strip()}"
    if name == "math":
        return f"${str(node.contents).strip()}$"
    return _inside(node.contents)


def _table(node: object) -> str:
    """Set a table as Markdown rows; a rule below the first, as Markdown wants it."""
    inner = node.contents.filter_tags(matches=lambda tag: str(tag.tag) == "table")
    if inner:  # a table that only places others beside each other
        return "\n\n".join(map(_table, inner))
    rows = []
    for row in node.contents.filter_tags(matches=lambda tag: str(tag.tag) == "tr", recursive=False):
        found = row.contents.filter_tags(matches=lambda tag: str(tag.tag) in ("td", "th"), recursive=False)
        cells = [" ".join(_inside(cell.contents).split()).replace("|", "/") for cell in found]
        if any(cells):
            rows.append(f"| {' | '.join(cells)} |")
    if len(rows) > 1:
        rows.insert(1, "|" + " --- |" * rows[0].count(" |"))
    return "\n".join(rows)


def _without_appendices(text: str) -> str:
    """Leave out the sections that hold references and links, with all that stands below them."""
    kept, level = [], None
    for part in re.split(r"(?m)^(?=#{2,6} )", text):
        heading = re.match(r"(#{2,6}) (.*)", part)
        if heading and level is not None and len(heading[1]) <= level:
            level = None
        if heading and heading[2].strip().lower() in APPENDICES and level is None:
            level = len(heading[1])
        if level is None:
            kept.append(part)
    return "".join(kept)


def _lists_pages(wikitext: str) -> bool:
    """Tell whether a page only says which other pages there are."""
    return bool(re.search(r"(?i)\{\{\s*(disambig\w*|disamb\w*|geodis|hndis|surname)\b", wikitext))


def _dump() -> Path:
    import gensim

    return Path(gensim.__file__).parent / "test" / "test_data" / DUMP


def _pages(dump: Path) -> list[tuple[str, str]]:
    """Read (title, wikitext) of each page that is an article and no redirect."""
    pages = []
    with bz2.open(dump) as stream:
        for _, element in iterparse(stream):
            if element.tag.endswith("}page"):
                if element.find("{*}redirect") is None and element.findtext("{*}ns") == "0":
                    pages.append((element.findtext("{*}title"), element.findtext(".//{*}text") or ""))
                element.clear()
    return pages


def _write(path: Path, articles: list[Article]) -> None:
    path.write_bytes(json.dumps([[article.title, article.text] for article in articles]).encode())


def _read(path: Path) -> list[Article]:
    return [Article(*one) for one in json.loads(path.read_bytes())]
