import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.assemble import rows_of
from penchant.data.vocabulary import Vocabulary

TEXTS = st.lists(st.text(min_size=1), unique=True, min_size=1)


@given(TEXTS)
def test_ids_survive_the_round_trip(texts: list[str]) -> None:
    vocabulary = Vocabulary.of(pl.Series(texts))
    assert vocabulary.texts(vocabulary.rows(texts)) == texts
    assert rows_of(vocabulary, pl.Series([*texts, None])).tolist() == [*vocabulary.rows(texts).tolist(), -1]


@given(st.lists(st.integers(-(2**62), 2**62), unique=True, min_size=1), st.randoms())
def test_the_order_of_the_tables_does_not_matter(numbers: list[int], random: object) -> None:
    one = Vocabulary.of(pl.Series(numbers))
    other = Vocabulary.of(pl.Series(numbers[::-1]), pl.Series(numbers))
    assert one.ids.equals(other.ids)
    assert one.ids.dtype == pl.Int64


def test_leading_zeros_are_another_id() -> None:
    vocabulary = Vocabulary.of(pl.Series(["007", "7", "7.0"]), pl.Series([7]))
    assert len(vocabulary) == 3
    assert "007" in vocabulary
    assert vocabulary.row("07") == -1


def test_numbers_in_one_table_and_text_in_another_are_one_id() -> None:
    vocabulary = Vocabulary.of(pl.Series([1, 2]), pl.Series(["2", "3"]))
    assert sorted(vocabulary.ids.to_list()) == ["1", "2", "3"]
    assert vocabulary.rows(pl.Series([2])).tolist() == vocabulary.rows(["2"]).tolist()
