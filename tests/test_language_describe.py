"""What is said of a row, and what is left unsaid."""

from pathlib import Path

import polars as pl
import pytest

from penchant.data.catalogue import Catalogue
from penchant.data.vocabulary import Vocabulary
from penchant.errors import SettingError
from penchant.language.describe import clean, describe, usual
from penchant.language.template import Template, label

GENRES = ["Animation", "Comedy", "Drama", "War"]


def films(n: int = 80) -> Catalogue:
    """A catalogue with a column of each kind; the last row is empty."""
    table = pl.DataFrame(
        {
            "plot": [
                f"<p>Once upon a time,<br>hero no. {i} &amp; friends went\n\n far away to a <b>land</b>.</p>"
                for i in range(n)
            ],
            "imdb_id": [f"tt{i * 7919:07d}" for i in range(n)],
            "votes": [float(i % 17) / 3 for i in range(n)],
            "title": [f"Film {i}" for i in range(n)],
            "genres": [[GENRES[i % 4], GENRES[(i + 1) % 4]] for i in range(n)],
            "tags": ["|".join([f"tag {i % 5}", f"tag {i % 3}"]) for i in range(n)],
            "tags_clean": [f"tag {i % 5}, tag {i % 3}" for i in range(n)],
            "studio": ["unknown" if i % 2 else "Aardman" if i % 4 else "Ghibli" for i in range(n)],
            "release_year": [1950 + i % 60 for i in range(n)],
        },
        schema_overrides={"genres": pl.List(pl.String)},
    )
    nothing = pl.DataFrame({name: [None] for name in table.columns}, schema=table.schema)
    return Catalogue(Vocabulary(pl.Series(range(n + 1))), pl.concat([table, nothing]), "title")


def test_title_first_long_text_last_numbers_and_identifiers_unsaid() -> None:
    assert describe(films())[4] == (
        "Film 4 (1954)\nGenres: Animation, Comedy\nTags: tag 4, tag 1\nStudio: Ghibli\n"
        "Once upon a time, hero no. 4 & friends went far away to a land."
    )


def test_what_a_table_writes_for_nothing_is_not_said() -> None:
    assert "Studio" not in describe(films())[5]


def test_a_row_without_anything_has_no_text_even_where_the_template_says_something() -> None:
    assert describe(films())[-1] == ""
    template = Template.parse("A film.\n{title}\nGenres: {genres}")
    assert describe(films(), template)[-1] == ""
    assert describe(films(), template)[0] == "A film.\nFilm 0\nGenres: Animation, Comedy"


def test_a_table_without_columns_says_nothing() -> None:
    empty = Catalogue(Vocabulary(pl.Series(["a", "b"])), pl.DataFrame(), None)
    assert describe(empty) == ["", ""]
    assert describe(Catalogue(Vocabulary(pl.Series([], dtype=pl.String)), pl.DataFrame(), None)) == []


def test_columns_restrict_the_usual_template() -> None:
    assert describe(films(), columns=["genres"])[0] == "Genres: Animation, Comedy"


def test_a_line_goes_where_one_of_its_columns_is_missing() -> None:
    template = Template.parse("{title}\n{release_year}: a film by {studio}")
    texts = describe(films(), template)
    assert texts[4] == "Film 4\n1954: a film by Ghibli"
    assert texts[5] == "Film 5"


def test_an_unknown_column_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingError, match=r"\{titel\}.*\n.*plot, imdb_id, votes, title"):
        describe(films(), Template.parse("{titel}"))


def test_a_template_survives_its_file(tmp_path: Path) -> None:
    template = usual(films())
    (tmp_path / "items.txt").write_text("\ufeff" + str(template), encoding="utf-8")
    assert Template.read(tmp_path / "items.txt") == template


@pytest.mark.parametrize("text", ["", "no column\n", "{}"])
def test_a_template_without_a_column_is_refused(text: str) -> None:
    with pytest.raises(SettingError):
        describe(films(), Template.parse(text))


def test_a_template_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"none\.txt"):
        Template.read(tmp_path / "none.txt")


def test_values_are_not_read_as_templates() -> None:
    table = pl.DataFrame({"title": ["{genres} {0} \\1"], "genres": ["{title}"]})
    catalogue = Catalogue(Vocabulary(pl.Series([1])), table, "title")
    assert describe(catalogue, Template.parse("{title}: {genres}")) == ["{genres} {0} \\1: {title}"]


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("5 < 6 and 7 > 2", "5 < 6 and 7 > 2"),
        ("I <3 you", "I <3 you"),
        ("a<!-- no\nword -->b<br/>c", "a b c"),
        ("caf&eacute;&nbsp;&lt;b&gt;", "café <b>"),
    ],
)
def test_only_markup_is_cleaned_away(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_names_of_columns_as_people_write_them() -> None:
    assert [label(name) for name in ("release_year", "releaseYear", "genres")] == [
        "Release year",
        "Release year",
        "Genres",
    ]


def test_the_usual_template_reads_the_first_parts_of_a_list() -> None:
    tags = [", ".join(f"t{(i * k) % 9 + k}" for k in range(20)) for i in range(30)]
    catalogue = Catalogue(Vocabulary(pl.Series(range(30))), pl.DataFrame({"tags": tags}), None)
    assert [text.count(",") for text in describe(catalogue)] == [11] * 30
    assert describe(catalogue, Template.parse("{tags}")) == tags


def test_numbers_asked_for_are_written_whole() -> None:
    table = pl.DataFrame({"price": [1234567.0, 0.85, None, float("nan")]})
    catalogue = Catalogue(Vocabulary(pl.Series(range(4))), table, None)
    assert describe(catalogue, Template.parse("Price: {price}")) == ["Price: 1234567", "Price: 0.85", "", ""]
