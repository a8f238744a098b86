r"""Read LaTeX source: one walk over the characters, tolerant of what it does not know.

Rules
-----
1. A line's number is its number in the file. Comments, the preamble and code are left out; title and date are kept.
2. A command that is not known vanishes and its arguments stay; a few are known whose arguments are not text.
3. ``\caption`` is a caption; rows of a tabular are a table; a formula keeps its characters, so that ``$p<0.05$`` is
   still a p-value.
4. No macro is expanded and no file is opened: an ``\input`` becomes a note that it was not read.

Our own few lines, not a library: what is needed is the text with its line numbers, in time that grows with the length
of a hostile file and nothing else; a parser that knows more of LaTeX would still expand no macros.

Example:
    >>> source = rb"\title{A}\begin{document}\section{Results}" + b"\n" + rb"It \emph{works} ($p<0.05$).\end{document}"
    >>> draft = read(source)
    >>> draft.title, [(p.kind, p.lines[0].text) for p in draft.passages]
    ('A', [('heading', 'Results'), ('text', 'It works (p<0.05).')])
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from misyn.practice.review.collecting import DEFAULT, Draft, Gathered, Limits
from misyn.practice.review.text import Kind, clean

# Commands whose arguments are not text of the paper.
_SILENT = frozenset(
    [
        "cite",
        "citep",
        "citet",
        "citeauthor",
        "citeyear",
        "parencite",
        "textcite",
        "autocite",
        "ref",
        "eqref",
        "autoref",
        "cref",
        "Cref",
        "pageref",
        "label",
        "url",
        "href",
        "includegraphics",
        "bibliography",
        "bibliographystyle",
        "vspace",
        "hspace",
        "usepackage",
        "documentclass",
        "graphicspath",
        "color",
        "textcolor",
        "setlength",
        "setcounter",
        "addtocounter",
        "newcommand",
        "renewcommand",
        "providecommand",
        "def",
        "pagestyle",
        "thispagestyle",
        "input",
        "include",
        "subfile",
        "hypersetup",
        "resizebox",
        "scalebox",
        "definecolor",
        "multicolumn",
        "multirow",
        "cmidrule",
        "cline",
        "rule",
        "tikzset",
        "index",
    ]
)
_HEADINGS = frozenset(["part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph"])
_HIDDEN = frozenset(["verbatim", "lstlisting", "minted", "comment", "tikzpicture", "filecontents"])
_TABLES = frozenset(["tabular", "tabularx", "longtable", "tabulary", "array"])
_SIGNS = {
    "le": "≤",
    "leq": "≤",
    "ge": "≥",
    "geq": "≥",
    "pm": "±",
    "times": "×",
    "approx": "≈",
    "sim": "~",
    "ldots": "…",
}
_COMMENT = re.compile(r"(?<!\\)%.*")
_COMMAND = re.compile(r"\\([A-Za-z]+\*?|.)", re.DOTALL)
_PLAIN = re.compile(r"[^\\{}$&~\n]+")
_NAME = re.compile(r"\s*\{([A-Za-z]+\*?)\}")
_INPUT = re.compile(r"\\(?:input|include|subfile)\s*\{([^}\n]{1,200})\}")
MAX_ARGUMENT = 20_000
SHOWN_INPUTS = 8


def read(data: bytes, *, limits: Limits = DEFAULT) -> Draft:
    """Read LaTeX source, UTF-8."""
    text = "\n".join(_COMMENT.sub("", line) for line in data.decode("utf-8-sig", "replace").splitlines())
    walk = _Walk(text, Gathered(limits))
    walk.at = walk.start()
    walk.run()
    notes = [f"{clean(name)[:80]} is another file and was not read" for name in dict.fromkeys(_INPUT.findall(text))]
    if len(notes) > SHOWN_INPUTS:
        notes = [*notes[:SHOWN_INPUTS], f"{len(notes) - SHOWN_INPUTS} more files were not read"]
    if notes:
        notes.append("Next: give the typeset PDF, or one file that holds all parts")
    return Draft(
        passages=walk.gathered.passages(),
        title=_declared(text, "title"),
        date=_declared(text, "date"),
        notes=tuple(notes),
    )


def _declared(text: str, name: str) -> str:
    r"""The argument of ``\title`` or ``\date``, as plain words."""
    found = re.search(rf"\\{name}\s*(?:\[[^\]]{{0,500}}\])?\s*(?=\{{)", text)
    if not found:
        return ""
    inner, _ = _argument(text, found.end())
    return clean(re.sub(r"\\[A-Za-z]+\*?|[{}\\]", " ", inner))[:300]


def _argument(text: str, at: int) -> tuple[str, int]:
    """The argument in braces that opens at ``at``, and where it ends; cut at a limit where it never closes."""
    depth = 0
    for index in range(at, min(len(text), at + MAX_ARGUMENT)):
        if text[index] == "\\":
            continue
        if text[index] in "{}" and text[index - 1 : index] != "\\":
            depth += 1 if text[index] == "{" else -1
            if depth == 0:
                return text[at + 1 : index], index + 1
    return "", at + 1


@dataclass
class _Walk:
    """Where the walk is, the words of the open line, and the environments and braces around it."""

    text: str
    gathered: Gathered
    at: int = 0
    number: int = 1
    words: list[str] = field(default_factory=list)
    depth: int = 0
    closes: list[tuple[int, Kind]] = field(default_factory=list)

    def start(self) -> int:
        """The place after the preamble."""
        found = self.text.find(r"\begin{document}")
        place = 0 if found < 0 else found + len(r"\begin{document}")
        self.number = self.text.count("\n", 0, place) + 1
        return place

    def run(self) -> None:
        while self.at < len(self.text):
            plain = _PLAIN.match(self.text, self.at)
            if plain:
                self.words.append(plain.group())
                self.at = plain.end()
            elif self.text[self.at] == "\\":
                self._command()
            else:
                self._sign(self.text[self.at])
        self._flush()

    def _sign(self, sign: str) -> None:
        self.at += 1
        if sign == "\n":
            self._flush()
            self.number += 1
            if self.text.startswith("\n", self.at) or not self.text[self.at : self.text.find("\n", self.at)].strip():
                self._paragraph()
        elif sign == "{":
            self.depth += 1
        elif sign == "}":
            self._close()
        elif sign in "&~":
            self.words.append(" | " if sign == "&" and self.gathered.kind == "table" else " ")

    def _paragraph(self) -> None:
        if not self.closes and self.gathered.kind == "text":
            self.gathered.begin()

    def _close(self) -> None:
        self.depth -= 1
        if self.closes and self.depth <= self.closes[-1][0]:
            self._flush()
            _, before = self.closes.pop()
            self.gathered.begin(before)

    def _flush(self) -> None:
        self.gathered.add("".join(self.words), self.number)
        self.words = []

    def _command(self) -> None:
        match = _COMMAND.match(self.text, self.at)
        if match is None:  # a lone backslash at the end
            self.at += 1
            return
        name = match.group(1).rstrip("*")
        self.at = match.end()
        if name in {"begin", "end"}:
            self._environment(opens=name == "begin")
        elif name in _HEADINGS:
            self._heading()
        elif name == "caption":
            self._caption()
        elif name in _SILENT:
            self._skip_arguments()
        elif name == "end" or len(name) > 1:
            self.words.append(_SIGNS.get(name, " " if self.text[self.at : self.at + 1].isspace() else ""))
            self._option()
        else:
            self._escaped(name)

    def _escaped(self, name: str) -> None:
        if name == "\n":
            self.at -= 1
        elif name == "\\":
            self._flush()
        elif name in "%&$#_{}":
            self.words.append(name)
        elif name in " ,;:!":
            self.words.append(" ")

    def _environment(self, *, opens: bool) -> None:
        match = _NAME.match(self.text, self.at)
        if match is None:
            return
        name = match.group(1).rstrip("*")
        self.at = match.end()
        self._flush()
        if opens and name in _HIDDEN:
            self._jump(self.text.find(f"\\end{{{match.group(1)}}}", self.at))
        elif name in _TABLES:
            self.gathered.begin("table" if opens else "text")
            if opens:
                self._skip_arguments()
        elif name == "thebibliography" and opens:
            self.gathered.heading("References", self.number)
            self._skip_arguments()
        elif name == "abstract" and opens:
            self.gathered.heading("Abstract", self.number)
        elif name == "document" and not opens:
            self._jump(len(self.text))
        else:
            self._option()

    def _heading(self) -> None:
        self._option()
        inner, end = _argument(self.text, self.at) if self.text[self.at : self.at + 1] == "{" else ("", self.at)
        self._flush()
        if clean(inner):
            self.gathered.heading(re.sub(r"\\[A-Za-z]+\*?|[{}\\~]", " ", inner), self.number)
        self._jump(end)

    def _caption(self) -> None:
        self._option()
        if self.text[self.at : self.at + 1] == "{":
            self._flush()
            before = self.gathered.kind
            self.gathered.begin("caption")
            self.closes.append((self.depth, before))
            self.depth += 1
            self.at += 1

    def _option(self) -> None:
        """Pass over ``[…]`` right after a command."""
        if self.text[self.at : self.at + 1] == "[":
            end = self.text.find("]", self.at, self.at + 2_000)
            self._jump(end + 1 if end > 0 else self.at)

    def _skip_arguments(self) -> None:
        """Pass over every ``[…]`` and ``{…}`` right after a command."""
        while self.text[self.at : self.at + 1] in {"[", "{"}:
            before = self.at
            if self.text[self.at] == "[":
                self._option()
            else:
                self._jump(_argument(self.text, self.at)[1])
            if self.at == before:
                return

    def _jump(self, place: int) -> None:
        """Go on at a place further down, counting the lines on the way."""
        place = len(self.text) if place < 0 else place
        self.number += self.text.count("\n", self.at, place)
        self.at = place
