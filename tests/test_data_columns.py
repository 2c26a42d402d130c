import pytest

from penchant.data.columns import check_mapping, choose, is_quantity, parse_map
from penchant.errors import TableError


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["userId", "movieId", "rating", "timestamp"], ["userId", "movieId", "timestamp", "rating"]),
        (
            ["USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"],
            ["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE"],
        ),
        (["timestamp", "visitorid", "event", "itemid"], ["visitorid", "itemid", "timestamp", "event"]),
        (
            ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID"],
            ["Customer ID", "StockCode", "InvoiceDate", "Quantity"],
        ),
        (
            ["rating", "title", "asin", "parent_asin", "user_id", "timestamp"],
            ["user_id", "parent_asin", "timestamp", "rating"],
        ),
        (["User-ID", "ISBN", "Book-Rating"], ["User-ID", "ISBN", "Book-Rating"]),
        (["session_id", "item_id", "user_id"], ["user_id", "item_id"]),
        (["SessionId", "ItemId", "Time"], ["SessionId", "ItemId", "Time"]),
        (["reviewerID", "asin", "overall", "unixReviewTime", "reviewTime"], None),
    ],
)
def test_usual_names_are_recognised_in_any_spelling(columns: list[str], expected: list[str] | None) -> None:
    choice = choose("interactions.csv", "interactions", columns, {})
    if expected is None:
        expected = ["reviewerID", "asin", "unixReviewTime", "overall"]
    assert list(choice.columns.values()) == expected


def test_an_unrecognised_column_lists_what_was_seen_and_the_way_out() -> None:
    with pytest.raises(
        TableError, match=r"(?s)no column was recognised as the item.*alpha, user_id.*--map item=COL"
    ):
        choose("x.csv", "interactions", ["alpha", "user_id"], {})


def test_two_columns_of_equal_right_are_an_error() -> None:
    with pytest.raises(
        TableError, match=r"(?s)more than one column could be the user: userId, user_id.*--map user="
    ):
        choose("x.csv", "interactions", ["userId", "user_id", "item"], {})


def test_the_map_decides_and_is_read_without_regard_to_spelling() -> None:
    columns = ["userId", "user_id", "thing", "when"]
    choice = choose("x.csv", "interactions", columns, {"user": "user_id", "item": "Thing"})
    assert choice["user"] == "user_id"
    assert choice["item"] == "thing"
    assert choice["time"] == "when"
    assert choice.unused == ("userId",)


def test_parse_map_reads_names_with_spaces() -> None:
    assert parse_map("user=Customer ID, item=StockCode") == {"user": "Customer ID", "item": "StockCode"}


@pytest.mark.parametrize("text", ["user", "user=", "who=a", "user=a,user=b", "=a"])
def test_a_wrong_map_shows_its_form(text: str) -> None:
    with pytest.raises(TableError, match="--map user=COL,item=COL"):
        parse_map(text)


def test_a_mapped_column_must_be_somewhere() -> None:
    tables = {"a.csv": ("interactions", ["u", "i"]), "b.csv": ("items", ["sku", "name"])}
    check_mapping({"user": "u", "item": "sku"}, tables)  # type: ignore[arg-type]
    with pytest.raises(TableError, match=r"no table has a column 'buyer' for the user; seen: a.csv: u, i"):
        check_mapping({"user": "buyer"}, tables)  # type: ignore[arg-type]


def test_a_rating_is_no_quantity() -> None:
    assert is_quantity("Play_Count")
    assert not is_quantity("rating")


def test_items_may_be_keyed_by_id_but_interactions_may_not() -> None:
    assert choose("items.csv", "items", ["id", "name"], {})["item"] == "id"
    with pytest.raises(TableError):
        choose("x.csv", "interactions", ["id", "user_id"], {})


def test_a_table_without_a_header_is_asked_about_it() -> None:
    with pytest.raises(TableError, match=r"1, 242, 3: does its first line hold no names\?"):
        choose("x.csv", "interactions", ["1", "242", "3"], {})
