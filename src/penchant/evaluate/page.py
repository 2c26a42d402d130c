"""A page that needs nothing but itself: no script, no address, light and dark, from a phone to a wide screen.

The functions take plain text and give HTML; whatever they are given is escaped here and nowhere else.
"""

from collections.abc import Collection, Iterable, Sequence

from penchant.evaluate.axes import STYLE, text

PALETTE = (
    ("#1257c9", "#7db2ff"),
    ("#6b7280", "#9aa4b2"),
    ("#b4530a", "#f3a35c"),
    ("#0b7a63", "#4fd0b0"),
    ("#8a2be2", "#c79bff"),
    ("#b3174d", "#ff86aa"),
    ("#6d6a00", "#d6d04a"),
    ("#036a91", "#5fcdf5"),
)
"""Colours of series, on light and on dark ground."""
LIGHT = {"ground": "#fbfbfd", "card": "#fff", "ink": "#16202e", "soft": "#536074", "line": "#dfe4ec"}
DARK = {"ground": "#10151d", "card": "#171e29", "ink": "#e8edf5", "soft": "#a3afc0", "line": "#2b3545"}
LOOK = """
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--ink);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:break-word}
main{max-width:1120px;margin:0 auto;padding:1.5rem clamp(.9rem,3vw,2rem) 4rem}
h1{font-size:1.6rem;line-height:1.2;margin:.2em 0 .4em}h2{font-size:1.2rem;margin:0 0 .4em}
h3{font-size:1rem;margin:1.4em 0 .3em}p{margin:.4em 0}.soft,figcaption,caption{color:var(--soft)}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;margin:1.2rem 0;
padding:clamp(.9rem,2.5vw,1.5rem)}
.verdict{border-left:4px solid var(--c1);padding:.3rem .8rem;margin:.6rem 0}
.better{border-color:var(--c3)}.worse{border-color:var(--c5)}.warning{border-color:var(--c2)}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:1.2rem 2rem}
figure{margin:.6rem 0;min-width:0}figcaption{font-size:.875rem;margin-bottom:.5rem}
.wide{overflow-x:auto;margin:.5rem 0}.wide:focus-visible{outline:2px solid var(--c0)}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums;min-width:min(100%,24rem)}
caption{text-align:left;padding:.2rem 0 .4rem}
th,td{text-align:right;padding:.35rem .7rem;border-bottom:1px solid var(--line);vertical-align:top}
td{white-space:nowrap}td.words{white-space:normal;min-width:14rem;text-align:left}
th{font-weight:600}thead th{color:var(--soft);vertical-align:bottom}
th:first-child{text-align:left;min-width:8.5rem;max-width:16rem;position:sticky;left:0;background:var(--card)}
tr.strong th,tr.strong td{font-weight:650}td small{color:var(--soft);font-weight:400}
details{margin:.6rem 0}summary{cursor:pointer;color:var(--soft)}
ol,ul{margin:.3rem 0;padding-left:1.6rem}li{overflow-wrap:anywhere}
@media print{section{break-inside:avoid}}
"""
CUT = 300
"""Characters of a cell that are shown."""


def page(title: str, parts: Iterable[str], *, language: str = "en") -> str:
    """Put parts together to a whole document."""
    style = (
        f":root{{color-scheme:light dark;{_colours(LIGHT, 0)}}}"
        f"@media(prefers-color-scheme:dark){{:root{{{_colours(DARK, 1)}}}}}{LOOK}{STYLE}"
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{text(language)}">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f"<title>{text(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n<h1>{text(title)}</h1>\n"
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>"
    )


def section(title: str, parts: Iterable[str]) -> str:
    """Put parts on a card of their own, below a heading."""
    return "<section>\n" + "\n".join([f"<h2>{named(title)}</h2>", *parts]) + "\n</section>"


def heading(title: str) -> str:
    """Begin a part of a card."""
    return f"<h3>{named(title)}</h3>"


def paragraph(said: str, kind: str = "") -> str:
    """Write a paragraph; `kind` is soft, verdict, better, worse or warning."""
    return f'<p class="{text(kind)}">{text(said)}</p>' if kind else f"<p>{text(said)}</p>"


def named(given: str) -> str:
    """Write a name that may run from right to left without turning its neighbours round."""
    return f"<bdi>{text(given if len(given) <= CUT else given[:CUT] + '…')}</bdi>"


def table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    strong: Collection[str] = (),
    words: Collection[int] = (),
) -> str:
    """Write a table that scrolls by itself where it is wider than the screen.

    Args:
        caption: What the table shows; it is read aloud first.
        columns: Headings; the first is that of the rows' names.
        rows: Cells as text; what stands in brackets at the end of one is set small.
        strong: Names of rows that stand out.
        words: Places of columns that hold prose, not numbers.
    """
    heads = "".join(f'<th scope="col">{named(column)}</th>' for column in columns)
    body = []
    for row in rows:
        cells = [
            f'<td class="words">{named(cell)}</td>' if place in words else f"<td>{_cell(cell)}</td>"
            for place, cell in enumerate(row[1:], start=1)
        ]
        kind = ' class="strong"' if row[0] in strong else ""
        body.append(f'<tr{kind}><th scope="row">{named(row[0])}</th>{"".join(cells)}</tr>')
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{text(caption)}"><table>'
        f"<caption>{text(caption)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(cell: str) -> str:
    value, bracket, bounds = cell.partition(" [")
    return f"{named(value)} <small>{text(bracket.strip() + bounds)}</small>" if bracket else named(cell)


def figure(svg: str, caption: str) -> str:
    """Put a plot below its caption."""
    return f"<figure><figcaption>{text(caption)}</figcaption>{svg}</figure>"


def plots(figures: Iterable[str]) -> str:
    """Put figures side by side where there is room."""
    return f'<div class="plots">{"".join(figures)}</div>'


def details(summary: str, parts: Iterable[str]) -> str:
    """Keep parts folded until somebody asks."""
    return f"<details><summary>{text(summary)}</summary>{''.join(parts)}</details>"


def bullets(entries: Iterable[str]) -> str:
    """Write a list without numbers."""
    return f"<ul>{''.join(f'<li>{named(entry)}</li>' for entry in entries)}</ul>"


def ordered(title: str, entries: Iterable[str]) -> str:
    """Write a numbered list below a heading."""
    return f"{heading(title)}<ol>{''.join(f'<li>{named(entry)}</li>' for entry in entries)}</ol>"


def _colours(scheme: dict[str, str], place: int) -> str:
    series = "".join(f"--c{number}:{pair[place]};" for number, pair in enumerate(PALETTE))
    return "".join(f"--{name}:{value};" for name, value in scheme.items()) + series
