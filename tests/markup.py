"""What tests of pages share: names that try to break out, and a reader that notices."""

from html.parser import HTMLParser

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></svg></style><h1>out",
    "a & b &lt; c",
    "nul \x00 and bell \x07",
    "\u202eright to left\u202c \u05e9\u05dc\u05d5\u05dd",
    "\U0001f3ac emoji \u6620\u753b",
    "x" * 5000,
    "",
)
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Tags(HTMLParser):
    """Collects elements and checks that they close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def checked(page: str) -> Tags:
    """Read a page, and check what holds for all: whole, self-contained, no scripts, accessible."""
    tags = Tags()
    tags.feed(page)
    tags.close()
    assert not tags.open
    assert "\x00" not in page
    allowed = {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "section",
        "h1",
        "h2",
        "h3",
        "p",
        "bdi",
    }
    allowed |= {
        "div",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "small",
        "figure",
        "figcaption",
    }
    allowed |= {
        "details",
        "summary",
        "ol",
        "li",
        "svg",
        "desc",
        "g",
        "line",
        "circle",
        "text",
        "polyline",
        "rect",
    }
    assert {tag for tag, _ in tags.seen} <= allowed
    for tag, attributes in tags.seen:
        assert not {name for name in attributes if name.startswith("on") or name in ("href", "src", "xmlns")}
        assert tag != "th" or attributes.get("scope") in ("row", "col")
        assert tag != "svg" or {"role", "aria-labelledby"} <= set(attributes)
    assert "url(" not in page
    assert "@import" not in page
    tables, captions = (sum(tag == wanted for tag, _ in tags.seen) for wanted in ("table", "caption"))
    assert tables == captions
    assert any(tag == "meta" and given.get("name") == "viewport" for tag, given in tags.seen)
    assert "prefers-color-scheme:dark" in page
    return tags
