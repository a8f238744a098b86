"""Papers of every format are read with their lines; hostile ones end in time, in one sentence."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path

import pytest

from misyn.canonical import digest
from misyn.errors import MissingExtra, UnreadableDocument
from misyn.practice.review import reading
from misyn.practice.review.collecting import Limits
from misyn.practice.review.reading import Document, parse
from pdfs import bomb, loop, pdf

LATEX = r"""\documentclass{article}
\title{On \emph{wounds}}
\date{2 August 2026}
\newcommand{\secret}{fake images}
\begin{document}
\begin{abstract}
Our images are realistic. % fake images
\end{abstract}
\section{Results}\label{sec:r}
We found $p<0.05$ and 95\,\% of \textbf{real images}~\cite{fake_images}
in the set.

\begin{figure}
\includegraphics[width=\textwidth]{fake images}
\caption[short]{Generated {\em wounds} from
our model.}
\end{figure}
\begin{tabular}{l|r}
Real & Fake \\
1 & 2
\end{tabular}
\begin{verbatim}
fake images
\end{verbatim}
\input{methods}
\begin{thebibliography}{9}
\bibitem{a} Fake images.
\end{thebibliography}
\end{document}
after
"""
HTML = """<!doctype html><html><head><title>On wounds</title>
<meta name="citation_date" content="2026-08-02"><meta name="version" content="v3">
<style>p { content: "fake images" }</style></head><body>
<nav>fake images</nav>
<h2>Results</h2>
<p>We used <b>real</b> images
and &lt;tags&gt;.</p>
<figure><img src="a.png" alt="x"><figcaption>Generated wounds.</figcaption></figure>
<table><tr><th>Real</th><td>1</td></tr></table>
<h2>References</h2><p>Fake images.</p>
</body></html>
"""
MARKDOWN = """---
title: On wounds
date: 2026-08-02
version: "2.1"
---
# Results

We used **real** [images](fake-images.md)
of wounds.

Figure 1. Generated wounds.

| Real | Fake |
|------|------|
| 1    | 2    |

![Outputs](fake-images.png)

References
----------

Fake images.
"""


def told(document: Document) -> list[tuple[str, int, str]]:
    return [(s.kind, s.line, s.text) for s in document.statements]


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def test_latex_is_read_without_preamble_comments_code_and_references() -> None:
    document = parse(LATEX.encode(), name="paper.tex")
    assert (document.title, document.date) == ("On wounds", "2 August 2026")
    assert told(document) == [
        ("heading", 6, "Abstract"),
        ("text", 7, "Our images are realistic."),
        ("heading", 9, "Results"),
        ("text", 10, "We found p<0.05 and 95 % of real images in the set."),
        ("caption", 15, "Generated wounds from our model."),
        ("table", 19, "Real | Fake"),
        ("table", 20, "1 | 2"),
        ("heading", 26, "References"),
    ]
    assert document.references == 1
    assert document.notes[0] == "methods is another file and was not read"


def test_html_is_read_as_a_person_sees_it() -> None:
    document = parse(HTML.encode(), name="paper.html")
    assert (document.title, document.date, document.version) == ("On wounds", "2026-08-02", "v3")
    assert told(document) == [
        ("heading", 5, "Results"),
        ("text", 6, "We used real images and <tags>."),
        ("caption", 8, "Generated wounds."),
        ("table", 9, "Real"),
        ("table", 9, "1"),
        ("heading", 10, "References"),
    ]


def test_markdown_is_read_with_the_lines_an_editor_shows() -> None:
    document = parse(MARKDOWN.encode(), name="paper.md")
    assert (document.title, document.date, document.version) == ("On wounds", "2026-08-02", "2.1")
    assert told(document) == [
        ("heading", 6, "Results"),
        ("text", 8, "We used real images of wounds."),
        ("caption", 11, "Figure 1. Generated wounds."),
        ("table", 13, "| Real | Fake |"),
        ("table", 15, "| 1 | 2 |"),
        ("caption", 17, "Outputs"),
        ("heading", 19, "References"),
    ]


def test_a_pdf_is_read_with_pages_lines_headings_captions_and_divided_words(tmp_path: Path) -> None:
    pages = [
        ["Journal of Tests 1", "1 Introduction", "Images are real-", "istic and privacy-", "preserving. We say", "so."],
        [
            "Journal of Tests 2",
            "Figure 1. Generated wounds of",
            "two kinds.",
            "After the figure the text goes on, and on.",
            "2",
        ],
        ["Journal of Tests 3", "Results", "We used fake images.", "References", "[1] Fake images."],
    ]
    document = reading.read(write(tmp_path, "paper.pdf", pdf(pages)))
    assert (document.title, document.date, document.pages) == ("A paper", "2026-08-01", 3)
    assert [(s.kind, s.page, s.line, s.text) for s in document.statements] == [
        ("heading", 1, 2, "1 Introduction"),
        ("text", 1, 3, "Images are real-istic and privacy-preserving."),
        ("text", 1, 5, "We say so."),
        ("caption", 2, 2, "Figure 1. Generated wounds of two kinds."),
        ("text", 2, 4, "After the figure the text goes on, and on."),
        ("heading", 3, 2, "Results"),
        ("text", 3, 3, "We used fake images."),
        ("heading", 3, 4, "References"),
    ]
    assert document.references == 1


def test_what_is_read_does_not_depend_on_how_a_pdf_is_packed(tmp_path: Path) -> None:
    page = [["We used fake images.", "It works."]]
    plain = reading.read(write(tmp_path, "a.pdf", pdf(page)))
    packed = reading.read(write(tmp_path, "b.pdf", pdf(page, packed=True)))
    assert plain.statements == packed.statements
    assert plain.digest != packed.digest == digest((tmp_path / "b.pdf").read_bytes())


def test_numbered_lines_of_a_manuscript_are_no_words(tmp_path: Path) -> None:
    lines = [f"{n} word number {'abc'[n % 3]} here" for n in range(1, 9)]
    document = reading.read(write(tmp_path, "a.pdf", pdf([lines])))
    assert not any(c.isdigit() for s in document.statements for c in s.text)


def test_the_content_decides_the_format_not_the_ending(tmp_path: Path) -> None:
    assert reading.recognise(pdf([["a"]]), "paper.md").name == "pdf"
    assert reading.recognise(b"<!DOCTYPE html><p>a", "paper").name == "html"
    assert reading.recognise(b"\\documentclass{a}", "paper").name == "latex"
    assert reading.recognise(b"words", "paper").name == "markdown"
    assert reading.recognise(b"words about <html> tags", "paper.md").name == "markdown"


def test_a_version_stamp_is_found_where_papers_carry_it() -> None:
    assert parse(b"arXiv:2508.09293v2 [cs.CV] 12 Aug 2025\n\nText.", name="a.md").version == "arXiv:2508.09293v2"


def test_a_paper_that_is_not_english_is_said_to_be_unread_by_the_rules() -> None:
    german = "Die Bilder wurden von Hand sortiert und danach noch einmal gemessen. " * 20
    assert any("English" in note for note in parse(german.encode(), name="a.md").notes)
    english = "The images were sorted by hand and then they were measured in the lab. " * 20
    assert not parse(english.encode(), name="a.md").notes


def refused(path: Path, *, limits: Limits | None = None) -> str:
    start = time.perf_counter()
    with pytest.raises(UnreadableDocument) as caught:
        reading.read(path, limits=limits or Limits(seconds=5))
    assert time.perf_counter() - start < 30
    message = str(caught.value)
    assert "\x1b" not in message
    assert len(message) < 400
    return message


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b"%PDF-1.7\n" + b"\xff" * 5000,
        pdf([["a"]])[:200],
        pdf([["a"]]).replace(b"/Kids", b"/Kid "),
        pdf([[""]]),
        loop(),
        b"PK\x03\x04\0\0\0",
        b"\0" * 100,
        b"<html></html>",
        b"\\documentclass{a}\\begin{document}",
        b"   \n\n",
    ],
    ids=["empty", "head", "noise", "cut", "no-kids", "no-text", "loop", "zip", "zeros", "no-words", "latex", "blank"],
)
def test_a_broken_paper_is_refused_in_one_sentence(data: bytes, tmp_path: Path) -> None:
    assert refused(write(tmp_path, "paper.pdf", data))


def test_a_locked_pdf_says_so(tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    writer = pypdf.PdfWriter(clone_from=write(tmp_path, "plain.pdf", pdf([["a"]])))
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(tmp_path / "locked.pdf")
    assert "password" in refused(tmp_path / "locked.pdf")


def test_limits_on_bytes_pages_and_characters_hold(tmp_path: Path) -> None:
    paper = write(tmp_path, "a.pdf", pdf([["word"]] * 6))
    assert "bytes" in refused(paper, limits=Limits(bytes=100))
    assert "pages" in refused(paper, limits=Limits(pages=5))
    long = write(tmp_path, "a.md", b"words " * 1000)
    assert "characters" in refused(long, limits=Limits(characters=100))


@pytest.mark.slow
def test_a_bomb_ends_within_its_limits(tmp_path: Path) -> None:
    assert refused(write(tmp_path, "bomb.pdf", bomb(700)), limits=Limits(seconds=8, memory=512 * 2**20))


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["<p" * 300_000, "{" * 600_000, "\\caption{" * 60_000, "![" * 300_000, "<!--" * 150_000]
)
@pytest.mark.parametrize("ending", ["html", "tex", "md"])
def test_nested_and_unclosed_markup_ends_in_time(text: str, ending: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"a.{ending}", b"Word. " + text.encode())
    start = time.perf_counter()
    with contextlib.suppress(UnreadableDocument):
        assert reading.read(path, limits=Limits(seconds=3)).statements
    assert time.perf_counter() - start < 30


def test_a_paper_that_needs_more_memory_than_allowed_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a.md", b"words. " * 400_000)
    assert "memory" in refused(path, limits=Limits(memory=2**25))


def test_without_pypdf_a_pdf_asks_for_the_extra_and_text_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pypdf", None)
    monkeypatch.setattr("importlib.util.find_spec", {}.get)
    with pytest.raises(MissingExtra, match=r"misyn\[review\]"):
        reading.read(write(tmp_path, "a.pdf", pdf([["a"]])))
    assert reading.recognise(b"words", "a.md").missing() is None


def test_a_name_cannot_speak_through_the_terminal(tmp_path: Path) -> None:
    assert "\x1b" not in refused(tmp_path / "\x1b[31mno.pdf")
