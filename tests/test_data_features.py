import json
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.data.catalogue import Catalogue
from penchant.data.features import AttributeSpace
from penchant.data.roles import Role, is_identifier, role_of, roles, says_something, separator
from penchant.data.vocabulary import Vocabulary

N = 60
PLOTS = [f"King {i}, who had {i * 7} cats, met {i % 7} dogs and {i * 3} more; all {i} ran." for i in range(N)]


def catalogue(title: str | None = None, /, **columns: object) -> Catalogue:
    table = pl.DataFrame(columns)
    return Catalogue(Vocabulary(pl.Series(range(len(table)))), table, title)


@pytest.mark.parametrize(
    ("column", "role"),
    [
        (pl.Series("genres", ["Comedy|War", "War", "Drama|Comedy"] * 20), "multi"),
        (pl.Series("genres", [["a", "b"], ["b"], None] * 20), "multi"),
        (pl.Series("authors", [f"Ann {i % 9}, Bob {i % 7}" for i in range(N)]), "multi"),
        (pl.Series("country", ["UK", "France", "EIRE"] * 20), "category"),
        (pl.Series("adult", [True, False] * 30), "category"),
        (pl.Series("flag", [0, 1] * 30), "category"),
        (pl.Series("constant", ["x"] * N), "ignored"),
        (pl.Series("empty", [None] * N, dtype=pl.String), "ignored"),
        (pl.Series("price", np.arange(N) * 1.37), "number"),
        (pl.Series("pages", [i % 30 for i in range(N)]), "number"),
        (pl.Series("price", [f"{i % 30}.5" for i in range(N)]), "number"),
        (pl.Series("released", [1990 + i % 20 for i in range(N)]), "year"),
        (pl.Series("released", [str(1990 + i % 20) for i in range(N)]), "year"),
        (pl.Series("out", [date(2000 + i % 9, 1, 1) for i in range(N)]), "date"),
        (pl.Series("out", [f"{2000 + i % 9}-01-01 00:00:00" for i in range(N)]), "date"),
        (pl.Series("imdb_id", range(N)), "identifier"),
        (pl.Series("row", range(1000, 1000 + N)), "identifier"),
        (pl.Series("imdbId", [f"tt{i}" for i in range(N)]), "identifier"),
        (pl.Series("page", [f"https://x.org/{i % 5}" for i in range(N)]), "identifier"),
        (pl.Series("zip", [f"0{i}" for i in range(N)]), "identifier"),
        (pl.Series("plot", PLOTS), "text"),
        (pl.Series("vector", [[0.1, 0.2]] * N), "ignored"),
        (pl.Series("extra", [{"a": 1}] * N), "ignored"),
    ],
)  # fmt: skip
def test_the_role_of_a_column(column: pl.Series, role: Role) -> None:
    assert role_of(column) == role


@pytest.mark.parametrize(
    "name", ["imdb_id", "imdbId", "tmdbID", "id", "image_url", "posterUrl", "isbn13", "Poster Link"]
)
def test_names_of_identifiers(name: str) -> None:
    assert is_identifier(name)


@pytest.mark.parametrize("name", ["paid", "tags_clean", "hybrid", "kids", "ocean", "raid"])
def test_names_that_only_end_alike(name: str) -> None:
    assert not is_identifier(name)


def test_titles_and_prose_are_told_apart_from_features() -> None:
    made = catalogue("name", name=["A", "B"] * 20, plot=["long words " * 9 + str(i) for i in range(40)])
    found = roles(made)
    assert found == {"name": "title", "plot": "text"}
    assert AttributeSpace.fit(made).transform(made).shape == (40, 0)
    assert says_something(made)
    assert not says_something(catalogue("name", name=[None] * 3, price=[1.5, 2.5, 3.5]))


def test_tokens_become_features_once_a_row_and_only_if_used_again() -> None:
    made = catalogue(genres=["War|Comedy|War", "Comedy", "unknown", None, "War|Rare", "Comedy|War"])
    space = AttributeSpace.fit(made)
    assert space.names == ["genres: Comedy", "genres: War"]
    assert space.transform(made).toarray().tolist() == [[1, 1], [1, 0], [0, 0], [0, 0], [0, 1], [1, 1]]
    assert space.groups.tolist() == [0, 0]


def test_neighbouring_numbers_share_mass_and_missing_ones_have_none() -> None:
    prices = [*np.linspace(1, 100, N - 1).tolist(), None]
    made = catalogue(price=prices)
    matrix = AttributeSpace.fit(made).transform(made)
    sums = np.asarray(matrix.sum(axis=1)).ravel()
    assert sums[:-1] == pytest.approx(1)
    assert sums[-1] == 0
    alike = (matrix @ matrix.T).toarray()
    assert alike[0, 1] > alike[0, 9] == alike[0, -2] == 0
    assert matrix.dtype == np.float32


def test_years_come_from_titles_where_no_column_has_them() -> None:
    made = catalogue("title", title=[f"Film {i} ({1980 + i % 30})" for i in range(N)])
    space = AttributeSpace.fit(made)
    assert space.columns == ["year"]
    assert space.names[:2] == ["year: 1980", "year: 1983"]
    dense = space.transform(made).toarray()
    assert dense[1, :3] == pytest.approx([2 / 3, 1 / 3, 0])
    told = catalogue("title", title=made.table["title"], released=[1990 + i % 20 for i in range(N)])
    assert AttributeSpace.fit(told).columns == ["released"]


def test_an_odd_year_does_not_stretch_the_scale() -> None:
    made = catalogue(year=[-800] + [1990 + i % 20 for i in range(199)])
    space = AttributeSpace.fit(made)
    assert len(space) < 12
    assert space.transform(made).toarray()[0, 0] == 1


def test_other_tables_fit_into_the_space() -> None:
    made = catalogue(genre=["a", "b"] * 30, price=[i % 9 * 1.5 for i in range(N)])
    space = AttributeSpace.fit(made)
    other = space.transform(catalogue(genre=["b", "new", None], colour=["x", "y", "z"]))
    assert other.toarray().sum(axis=1).tolist() == [1, 0, 0]
    assert other.shape[1] == len(space)


def test_the_space_survives_its_state() -> None:
    made = catalogue(
        genre=["a,b", "b,c"] * 30,
        price=[i % 9 * 1.5 for i in range(N)],
        out=[date(2000 + i % 9, 1, 1) for i in range(N)],
    )
    space = AttributeSpace.fit(made)
    arrays, scalars = space.state()
    again = AttributeSpace.from_state(arrays, json.loads(json.dumps(scalars)))
    assert again.names == space.names
    assert (again.transform(made) != space.transform(made)).nnz == 0


CELLS = st.one_of(
    st.none(), st.text(max_size=8), st.sampled_from(["a,b", "2001", "1.5", "nan", "2020-01-01"])
)


@given(
    st.lists(CELLS, min_size=1, max_size=30),
    st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=30),
)
def test_whatever_a_table_holds_features_are_finite(
    texts: list[str | None], numbers: list[float | None]
) -> None:
    n = min(len(texts), len(numbers))
    made = catalogue(
        text=pl.Series(texts[:n], dtype=pl.String), number=pl.Series(numbers[:n], dtype=pl.Float64)
    )
    space = AttributeSpace.fit(made)
    matrix = space.transform(made)
    assert matrix.shape == (n, len(space.names)) == (n, len(space.groups))
    assert np.isfinite(matrix.data).all()


def test_words_of_few_in_many_mixtures_are_tokens() -> None:
    kinds = ["Comedy", "Drama", "War", "Crime"]
    mixtures = [
        " ".join(k for k, bit in zip(kinds, f"{n:04b}", strict=True) if bit == "1") for n in range(1, 16)
    ]
    assert separator(pl.Series(mixtures * 4)) == " "
    assert separator(pl.Series(["United Kingdom", "New Zealand", "South Africa", "France"] * 9)) is None
