"""Made-up records, and strategies for hostile ones."""

from hypothesis import strategies as st

from penchant.live.records import Act, Change, Record, Shown

# what an id may hold: any text of whole characters without NUL
names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | numbers | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
bodies = st.dictionaries(st.text(max_size=6), plain, max_size=3)
acts = st.builds(Act, names, names, names, numbers, st.none() | numbers, names, names)


@st.composite
def lists(draw: st.DrawFn) -> Shown:
    """A list of any length."""
    n = draw(st.integers(0, 4))
    several = st.tuples(*[numbers] * n)
    return Shown(
        draw(names), draw(names), draw(names), draw(numbers), draw(st.tuples(*[st.text(max_size=5)] * n)),
        draw(several), draw(several), draw(names), draw(names), draw(names), draw(names), draw(bodies),
    )  # fmt: skip


changes = st.builds(
    Change, st.sampled_from(["item", "user", "rule", "consent"]), names,
    st.sampled_from(["put", "patch", "delete"]), numbers, bodies, names,
)  # fmt: skip
records: st.SearchStrategy[Record] = acts | lists() | changes


def act(user: str = "u", item: str = "i", kind: str = "view", time: float = 1e9, **more: object) -> Act:
    """An event."""
    return Act(user, item, kind, time, **more)  # type: ignore[arg-type]


def shown(name: str, user: str = "u", items: tuple[str, ...] = ("a", "b"), time: float = 1e9) -> Shown:
    """A list."""
    scores = tuple(1.0 / (place + 1) for place in range(len(items)))
    return Shown(name, user, "", time, items, scores, (1.0,) * len(items), "v1", "blend")
