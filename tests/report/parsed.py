"""Read a page as a browser would, far enough for what the tests claim."""

from __future__ import annotations

import html.parser
from dataclasses import dataclass, field

VOID = {"meta", "img", "br", "link", "hr", "input"}


@dataclass
class Element:
    """One element: its name, attributes, children and text."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    own_text: list[str] = field(default_factory=list)
    parent: Element | None = None

    @property
    def text(self) -> str:
        """All text inside, in document order as far as children keep it."""
        return " ".join(" ".join([*self.own_text, *(child.text for child in self.children)]).split())

    def all(self, *tags: str) -> list[Element]:
        """Every element inside with one of these names, or every element at all."""
        inside = [found for child in self.children for found in [child, *child.all()]]
        return [element for element in inside if not tags or element.tag in tags]

    def by_class(self, name: str) -> list[Element]:
        """Every element inside with a class."""
        return [element for element in self.all() if name in element.attributes.get("class", "").split()]

    def by_id(self, name: str) -> Element:
        """The element with an id."""
        return next(element for element in self.all() if element.attributes.get("id") == name)


class _Builder(html.parser.HTMLParser):
    """Builds the tree and refuses what is not nested properly."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("document")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, parent=self.here)
        self.here.children.append(element)
        if tag not in VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.here.children.append(Element(tag, {name: value or "" for name, value in attrs}, parent=self.here))

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.own_text.append(data)


def parse(page: str) -> Element:
    """Read a page into its tree; every element must be closed."""
    builder = _Builder()
    builder.feed(page)
    builder.close()
    assert builder.here is builder.root, f"<{builder.here.tag}> is never closed"
    return builder.root
