import datetime
import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from bundles import LINEAGE, contents, held, manifest_path, same, versions
from penchant.errors import BundleError
from penchant.store import Contents, read, write
from penchant.store.contents import version_of

numbers = hnp.boolean_dtypes() | hnp.integer_dtypes() | hnp.unsigned_integer_dtypes()
either = st.one_of(numbers, hnp.floating_dtypes(), hnp.complex_number_dtypes())  # of either byte order
arrays = either.flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)
views = st.sampled_from([lambda a: a, lambda a: a.T, lambda a: a[..., ::-1] if a.ndim else a])
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    named=st.dictionaries(st.text(), st.tuples(arrays, views).map(lambda pair: pair[1](pair[0])), max_size=4),
    scalars=st.dictionaries(st.text(), plain, max_size=4),
)
def test_what_is_written_is_read(
    named: dict[str, NDArray[Any]], scalars: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.rmtree(folder, ignore_errors=True)
    write(folder, Contents(named, scalars), lineage=LINEAGE)
    found, lineage = read(folder)
    same(found, Contents(named, scalars))
    assert lineage == LINEAGE


def test_tables_keep_their_types(tmp_path: Path) -> None:
    table = pl.DataFrame(
        {
            "ids, with a comma": pl.Series([1, 2**64 - 1], dtype=pl.UInt64),
            "category": pl.Series(["b", "a"], dtype=pl.Categorical),
            "enum": pl.Series(["b", None], dtype=pl.Enum(["b", "a"])),
            "時": pl.Series([datetime.datetime(1998, 1, 1, tzinfo=datetime.UTC), None]),
            "length": [datetime.timedelta(days=1), None],
            "vector": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int8, 2)),
            "genres": [["Drama"], []],
            "parts": [{"a": 1.5, "b": "x"}, None],
            "bytes": [b"\x00", None],
            "nothing": [None, None],
            "float": pl.Series([math.nan, None], dtype=pl.Float32),
        }
    )
    tables = {
        "a": table,
        "b": pl.concat([table, table], rechunk=False),
        "c": table.clear(),
        "": pl.DataFrame(),
    }
    write(tmp_path / "model", Contents(tables=tables), lineage={})
    same(read(tmp_path / "model")[0], Contents(tables=tables))


def test_a_path_full_of_signs_is_only_a_path(tmp_path: Path) -> None:
    folder = tmp_path / "a=1" / "[x]*?" / "Ж ü"
    write(folder, contents(), lineage=LINEAGE)
    assert held(folder) == 1


def test_equal_arrays_are_stored_and_opened_once(tmp_path: Path) -> None:
    write(tmp_path / "model", contents(), lineage=LINEAGE)
    assert len(list(manifest_path(tmp_path / "model").parent.glob("*.npy"))) == 3
    found = read(tmp_path / "model")[0].arrays
    assert found["a/weights"] is found["b/weights"]


def test_an_array_keeps_its_order_in_memory(tmp_path: Path) -> None:
    """So that sums of products come out the same to the last digit."""
    write(tmp_path / "model", Contents({"x": np.ones((300, 100)).T}), lineage={})
    assert read(tmp_path / "model")[0].arrays["x"].flags.f_contiguous


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        (Contents({"titles": np.array(["a", None], dtype=object)}), "titles"),
        (Contents({"titles": np.array(["a"])}), "titles"),
        (Contents({"pairs": np.zeros(1, dtype=[("x", "i4")])}), "pairs"),
        (Contents(scalars={"model": {"l2": [np.float32(1)]}}), "scalars/model/l2/0"),
        (Contents(scalars={"weights": {1: 0.5}}), "scalars/weights"),
        (Contents(tables={"things": pl.DataFrame({"x": pl.Series([object()], dtype=pl.Object)})}), "things"),
    ],
)
def test_what_would_not_come_back_is_refused_by_name(broken: Contents, place: str, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=place):
        write(tmp_path / "model", broken, lineage={})
    assert not (tmp_path / "model").exists()


def test_the_same_contents_are_one_version(tmp_path: Path) -> None:
    first = write(tmp_path / "one", contents(), lineage={**LINEAGE, "created": 1.0})
    assert write(tmp_path / "two", contents(), lineage={**LINEAGE, "created": 2.0}) == first
    assert write(tmp_path / "two", contents(2), lineage=LINEAGE) != first
    assert write(tmp_path / "two", contents(), lineage={**LINEAGE, "seed": 1}) != first
    before = manifest_path(tmp_path / "one").stat()
    assert write(tmp_path / "one", contents(), lineage={**LINEAGE, "created": 3.0}) == first
    assert manifest_path(tmp_path / "one").stat().st_ino == before.st_ino
    assert read(tmp_path / "one")[1] == {**LINEAGE, "created": 1.0}


def test_the_version_before_is_kept_and_older_ones_go(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    first, second, third = (write(folder, contents(value), lineage={}) for value in (1, 2, 3))
    assert versions(folder) == {second, third}
    (folder / "CURRENT").write_text(second)  # back
    assert held(folder) == 2
    assert write(folder, contents(1), lineage={}) == first
    assert versions(folder) == {first, second}


def test_arrays_in_use_outlive_their_version(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    write(folder, contents(1), lineage={})
    mapped = read(folder)[0]
    for value in (2, 3):
        write(folder, contents(value), lineage={})
    same(mapped, contents(1))


def test_a_damaged_version_is_mended_by_the_same_fit(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    name = write(folder, contents(), lineage={})
    next(manifest_path(folder).parent.glob("*.npy")).write_bytes(b"")
    assert write(folder, contents(), lineage={}) == name
    assert held(folder) == 1
    assert versions(folder) == {name}


def test_the_version_names_the_manifest_and_files_name_their_hash(tmp_path: Path) -> None:
    name = write(tmp_path / "model", contents(), lineage=LINEAGE)
    assert version_of(json.loads(manifest_path(tmp_path / "model").read_text())) == name
    for path in manifest_path(tmp_path / "model").parent.glob("*.*[yt]"):
        answer = subprocess.run(["sha256sum", path], capture_output=True, text=True, check=True)
        assert answer.stdout.startswith(path.stem)
