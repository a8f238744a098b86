r"""Read Markdown and plain text line by line.

Rules
-----
1. A line's number is its number in the file, so that an editor finds it.
2. Code, comments and the addresses of links are not the author's statements: they are left out.
3. The words for an image and a paragraph that opens with ``Figure 1.`` are captions.

Source: CommonMark 0.31, the parts that papers use; what is not recognised is read as text.

Example:
    >>> draft = read(b"# Results\n\nOur [method](x.md) is **best**.\n\n![Samples](a.png)\n")
    >>> [(p.kind, p.lines[0].text, p.lines[0].number) for p in draft.passages]
    [('heading', 'Results', 1), ('text', 'Our method is best.', 3), ('caption', 'Samples', 5)]
"""

from __future__ import annotations

import re

from misyn.practice.review.collecting import DEFAULT, Draft, Gathered, Limits, is_caption
from misyn.practice.review.text import clean

_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"^(=+|-{3,})\s*$")
_FENCE = re.compile(r"^\s{0,3}(```|~~~)")
_IMAGE = re.compile(r"!\[([^\[\]]{0,2000})\]\([^()]{0,2000}\)")
_LINK = re.compile(r"\[([^\[\]]{1,500})\]\([^()]{0,2000}\)")
_MARKUP = re.compile(r"\*{1,3}|(?<!\w)_{1,2}(?=\w)|(?<=\w)_{1,2}(?!\w)|`|<[^<>]{1,200}>")
_QUOTED = re.compile(r"^\s{0,3}(> ?)+")
_ITEM = re.compile(r"^\s*([-*+]|\d{1,3}[.)])\s+")
_RULE = re.compile(r"^[|\s:-]+$")
_FRONT = re.compile(r"^(title|date|version):\s*[\"']?(.*?)[\"']?\s*$", re.IGNORECASE)


def read(data: bytes, *, limits: Limits = DEFAULT) -> Draft:
    """Read Markdown or plain text, UTF-8."""
    lines = data.decode("utf-8-sig", "replace").splitlines()
    front, start = _front_matter(lines)
    gathered = Gathered(limits)
    skipping = ""
    for number, line in enumerate(lines[start:], start=start + 1):
        skipping, shown = _shown(_QUOTED.sub("", line), skipping)
        following = lines[number] if number < len(lines) else ""
        if shown is not None:
            _take(gathered, shown, number, following)
    return Draft(
        passages=gathered.passages(),
        title=front.get("title", ""),
        date=front.get("date", ""),
        version=front.get("version", ""),
    )


def _front_matter(lines: list[str]) -> tuple[dict[str, str], int]:
    """Title, date and version out of a YAML front matter, and the number of lines it takes."""
    if not lines or lines[0].strip() != "---":
        return {}, 0
    end = next((i for i, line in enumerate(lines[1:200], start=1) if line.strip() in {"---", "..."}), 0)
    pairs = [match.groups() for match in map(_FRONT.match, lines[1:end]) if match]
    return {key.lower(): clean(value)[:300] for key, value in pairs}, end + 1 if end else 0


def _shown(line: str, skipping: str) -> tuple[str, str | None]:
    """What we are inside of (a fence, a comment), and the line as far as it is shown; None where it is not."""
    if skipping:
        over = skipping in line if skipping == "-->" else line.strip().startswith(skipping)
        return ("" if over else skipping), None
    fence = _FENCE.match(line)
    if fence:
        return fence.group(1), None
    before, comment, after = line.partition("<!--")
    if comment:
        return ("" if "-->" in after else "-->"), before + after.partition("-->")[2]
    return "", line


def _take(gathered: Gathered, line: str, number: int, following: str) -> None:
    heading = _HEADING.match(line)
    if heading:
        gathered.heading(_plain(heading.group(2)), number)
    elif not line.strip() or _UNDERLINE.match(line):
        gathered.begin()
    elif _UNDERLINE.match(following) and not line.lstrip().startswith("|") and gathered.kind == "text":
        gathered.heading(_plain(line), number)
    elif line.lstrip().startswith("|"):
        _row(gathered, line, number)
    else:
        _paragraph(gathered, line, number)


def _row(gathered: Gathered, line: str, number: int) -> None:
    if gathered.kind != "table":
        gathered.begin("table")
    if not _RULE.match(line):
        gathered.add(_plain(line), number)


def _paragraph(gathered: Gathered, line: str, number: int) -> None:
    for alternative in _IMAGE.findall(line):
        gathered.begin("caption")
        gathered.add(_plain(alternative), number)
        gathered.begin()
    text = _plain(_IMAGE.sub("", line))
    if _ITEM.match(line) or gathered.kind == "table":
        gathered.begin()
    if is_caption(text):
        gathered.begin("caption")
    gathered.add(text, number)


def _plain(line: str) -> str:
    return _MARKUP.sub("", _LINK.sub(r"\1", _ITEM.sub("", line)))
