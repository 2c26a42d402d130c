"""Plots are pure text: where things stand, what is left out, and that no name breaks out of it."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markup import HOSTILE
from penchant.evaluate.axes import Scale, fitted, short, text
from penchant.evaluate.plots import bars, columns, curves, intervals, lines, scatter
from penchant.evaluate.statistics import Interval

NAN = Interval(float("nan"), float("nan"), float("nan"))
NUMBER = st.floats(-1e9, 1e9) | st.sampled_from([float("nan"), float("inf"), 0.0])


def spots(svg: str, tag: str = "circle") -> list[tuple[float, float]]:
    """The places of all dots."""
    root = ElementTree.fromstring(svg)
    return [(float(dot.get("cx", 0)), float(dot.get("cy", 0))) for dot in root.iter(tag)]


def test_a_higher_mean_stands_further_right_within_its_interval() -> None:
    rows = [("a", [Interval(0.2, 0.1, 0.3)]), ("b", [Interval(0.4, 0.3, 0.5)])]
    svg = intervals("t", "about", rows, strong=["b"])
    (a, low), (b, high) = spots(svg)
    assert (a < b, low < high) == (True, True)
    root = ElementTree.fromstring(svg)
    whole = [mark for mark in root.iter("line") if "whole" in mark.get("class", "")]
    for mark, x in zip(whole, (a, b), strict=True):
        assert float(mark.get("x1", 0)) < x < float(mark.get("x2", 0))
    assert [mark.get("class") for mark in root.iter("circle")] == ["c1", "c0"]


def test_the_line_of_zero_parts_better_from_worse() -> None:
    rows = [("a", [Interval(0.2, 0.1, 0.3)]), ("b", [Interval(-0.1, -0.2, 0.1)])]
    svg = intervals("t", "about", rows, zero=True)
    (zero,) = re.findall(r'<line class="zero" x1="([\d.]+)"', svg)
    (a, _), (b, _) = spots(svg)
    assert b < float(zero) < a
    assert ("+0.200" in svg, "-0.100" in svg) == (True, True)


def test_scatter_has_both_directions_and_lines_follow_their_values() -> None:
    (x0, y0), (x1, y1) = spots(scatter("t", "about", [("a", 0.1, 1.0), ("b", 0.2, 2.0)]))
    assert (x0 < x1, y0 > y1) == (True, True)
    svg = lines("t", "about", ["1", "2", "3"], {"a": [1.0, 3.0, float("nan")], "b": [2.0, 2.0, 2.0]})
    assert len(spots(svg)) == 5


def test_several_series_are_named_and_stand_beside_each_other() -> None:
    svg = intervals("t", "d", [("a", [Interval(1, 0, 2), Interval(1, 0, 2)])], names=["new", "old"])
    legend, dots = spots(svg)[:2], spots(svg)[2:]
    assert len(legend) == len(dots) == 2
    assert dots[0][1] < dots[1][1]
    assert ("new" in svg, "old" in svg) == (True, True)


@settings(max_examples=15)
@given(st.lists(st.tuples(st.text(max_size=50) | st.sampled_from(HOSTILE), NUMBER, NUMBER), max_size=8))
def test_any_names_and_numbers_give_a_plot(points: list[tuple[str, float, float]]) -> None:
    names = [name for name, _, _ in points]
    gaps = [(name, [Interval(x, min(x, y), max(x, y))]) for name, x, y in points]
    for svg in (
        scatter("t", "d", points, strong=names[:1], across="x", up="y"),
        intervals("t", "d", gaps, zero=True, axis="x"),
        bars("t", "d", [(name, x) for name, x, _ in points]),
        lines("t", "d", names, {"series <&>": [x for _, x, _ in points]}, axis="y"),
    ):
        root = ElementTree.fromstring(svg)
        assert [child.tag for child in root][:2] == ["title", "desc"]
        assert not {"script", "img", "h1"} & {element.tag for element in root.iter()}
        assert "nan" not in "".join(re.findall(r'"[^"]*"', svg))


def test_what_is_unknown_is_left_out() -> None:
    assert spots(intervals("t", "d", [("a", [NAN]), ("b", [Interval(1, 0, 2)])])) != []
    assert len(spots(intervals("t", "d", [("a", [NAN]), ("b", [Interval(1, 0, 2)])]))) == 1


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=5))
def test_scales_hold_all_values_between_round_ticks(values: list[float]) -> None:
    scale = Scale.over(values, 0.0, 100.0)
    assert all(-1e-6 <= scale(value) <= 100 + 1e-6 for value in values)
    assert 2 <= len(scale.ticks) <= 8
    assert list(scale.ticks) == sorted(scale.ticks)


@pytest.mark.parametrize(
    ("value", "said"), [(71_033, "71k"), (0.05, "0.05"), (123.4, "123"), (2.5e6, "2.5M")]
)
def test_numbers_are_short(value: float, said: str) -> None:
    assert short(value) == said


def test_labels_are_cut_and_say_so() -> None:
    assert fitted("short", 100.0) == "short"
    assert fitted("a very long label indeed", 60.0).endswith("…")
    assert fitted("\u6620" * 20, 60.0) == "\u6620" * 4 + "…"
    assert text("\x00<\ud800>") == "\ufffd&lt;\ufffd&gt;"


def test_curves_stand_on_powers_of_ten_and_the_diagonal_is_where_both_agree() -> None:
    points = [(0.001, 0.001), (0.01, 0.1), (0.0, 0.5), (0.1, float("nan"))]
    svg = curves("t", "about", {"a": points, HOSTILE[0]: [(0.1, 0.01)]}, diagonal=True)
    found = spots(svg)
    (other_x, other_y), (x, y), (next_x, next_y) = found
    (line,) = re.findall(r'<line class="zero" x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)" y2="([\d.]+)"', svg)
    x1, y1, x2, y2 = map(float, line)

    def height(x: float) -> float:
        return y1 + (x - x1) / (x2 - x1) * (y2 - y1)

    assert y == pytest.approx(height(x), abs=0.2)
    assert next_y < height(next_x) - 1  # more came true than was foretold: above the diagonal
    assert other_y > height(other_x) + 1
    assert curves("t", "about", {"a": []}).startswith("<svg")


def test_columns_rise_with_their_values() -> None:
    svg = columns("t", "about", [("a", 1.0), ("b", 3.0), ("c", 0.0), (HOSTILE[0], float("nan"))])
    heights = [float(bar.get("height", 0)) for bar in ElementTree.fromstring(svg).iter("rect")]
    assert len(heights) == 3
    assert heights[1] == pytest.approx(3 * heights[0], abs=0.3)
    assert heights[2] == 0
