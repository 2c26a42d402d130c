"""Light methods and their folders, words without labels, weights, smoothing, copies, and the pull back."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from penchant.cli import application
from penchant.errors import LanguageError, SettingError
from penchant.language.adapt.augment import varied
from penchant.language.adapt.halves import Halves, layers_of, padded
from penchant.language.adapt.lessons import Lessons
from penchant.language.adapt.methods import Method, in_torch, layers_in, taught
from penchant.language.adapt.model import save
from penchant.language.adapt.plan import Plan
from penchant.language.adapt.tasks import Batch, Heads, Lecture, Weighting
from penchant.language.adapt.training import Teaching
from penchant.language.adapters import (
    FILE,
    add_bottlenecks,
    add_from,
    add_prefixes,
    added,
    parts_of,
    save_model,
)
from penchant.language.dense import Dense, read_dense, write_dense
from penchant.language.folders import bundled, fingerprint
from penchant.language.local import LocalEncoder
from penchant.rank.lessons import lessons_of
from teaching import FACTS, alone, world

TEXTS = ["A quiet drama", "robots in deep space, and a very long journey home", "one"]


one_thread = pytest.fixture(scope="module", autouse=True)(alone)


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    data, texts = world()
    return lessons_of(data, [f"{text}\nGenre: a, b\nShape: round" for text in texts], seed=0)


@pytest.fixture(scope="module")
def halves() -> Halves:
    return Halves.of("minilm", layers=1, max_tokens=24)


def tiny_llama() -> Any:
    import torch
    from transformers import LlamaConfig, LlamaModel

    config = LlamaConfig(
        vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    model: Any = LlamaModel(config)
    return model.eval()


def read(model: Any, tokens: list[list[int]]) -> Any:
    import torch

    ids, mask = padded(tokens)
    with torch.inference_mode():
        return model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).last_hidden_state


def disturb(parameters: Iterable[Any], size: float = 0.3) -> None:
    import torch

    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in parameters:
            parameter.add_(torch.randn_like(parameter) * size)


def numbers(model: Any) -> list[Any]:
    return [parameter for part in parts_of(model) for parameter in part.parameters()]


@pytest.mark.parametrize("method", ["prefix", "bottleneck", "head"])
def test_what_cannot_be_folded_travels_with_the_folder(
    method: Method, lessons: Lessons, halves: Halves, tmp_path: Path
) -> None:
    whole = sum(p.numel() for p in halves.model.parameters())
    plan = Plan(method=method, epochs=1, layers=1, weights={"place": 1.0, "click": 0.5})
    cut = Halves.of("minilm", plan.depth, 24)
    teaching = Teaching(cut, lessons, plan)
    course = teaching.run()[1]
    assert 0 < course.parameters < 0.02 * whole
    before = teaching.everything()
    disturb(
        teaching.taught.parameters(), 1.0 if method == "prefix" else 0.05
    )  # what was learned in one epoch would hide in the rounding
    now = teaching.everything()
    assert (now * before).sum(axis=1).max() < 0.99
    save(tmp_path / "LM", cut, teaching.taught.fold(), plan, course, FACTS)
    encoder = LocalEncoder(str(tmp_path / "LM"), max_tokens=24)
    np.testing.assert_allclose(encoder.encode(lessons.texts[:8]), now[:8], atol=0.02)
    again = Halves.of(str(tmp_path / "LM"), plan.depth, 24)
    on = Teaching(again, lessons, replace(plan, epochs=1))
    on.begin()
    np.testing.assert_allclose(on.everything(), now, atol=0.02)
    assert on.taught.count() == course.parameters  # it goes on with the same parts, and adds no second ones


def test_a_dense_layer_behind_the_pooling_is_applied(tmp_path: Path) -> None:
    plain = LocalEncoder("minilm").encode(TEXTS)
    folder = tmp_path / "LM"
    shutil.copytree(bundled(), folder)
    rng = np.random.default_rng(0)
    layers = [
        Dense(
            rng.normal(size=(12, 384)).astype(np.float32), rng.normal(size=12).astype(np.float32), tanh=True
        ),
        Dense(rng.normal(size=(5, 12)).astype(np.float32), np.zeros(5, dtype=np.float32)),
    ]
    write_dense(folder, layers, "mean", 384)
    encoder = LocalEncoder(str(folder))
    found = encoder.encode([*TEXTS, ""])
    assert found.shape == (4, 5)
    assert encoder.dim == 5
    assert not found[3].any()
    assert encoder.name != LocalEncoder("minilm").name
    assert fingerprint(folder) != fingerprint(bundled())
    halves = Halves.of(str(folder), 0, 128)
    raw = halves.hidden(halves.tokens(TEXTS))
    states, mask = raw.batch(range(3))
    mean = ((states * mask[:, :, None]).sum(dim=1) / mask.sum(dim=1, keepdim=True)).numpy()
    np.testing.assert_allclose(plain, mean / np.linalg.norm(mean, axis=1, keepdims=True), atol=0.02)
    expected = layers[1](np.tanh(mean @ layers[0].weight.T + layers[0].bias))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found[:3], expected, atol=0.05)
    same = layers_in(in_torch(layers, learns=False))
    assert [layer.tanh for layer in same] == [True, False]
    np.testing.assert_array_equal(same[0].weight, layers[0].weight)


def test_other_tools_read_the_dense_layer_alike(tmp_path: Path) -> None:
    tools = pytest.importorskip("sentence_transformers", reason="needs sentence-transformers to compare with")
    folder = tmp_path / "LM"
    shutil.copytree(bundled(), folder)
    rng = np.random.default_rng(0)
    layer = Dense(rng.normal(size=(7, 384)).astype(np.float32), rng.normal(size=7).astype(np.float32))
    write_dense(folder, [layer], "mean", 384)
    theirs = tools.SentenceTransformer(str(folder), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(LocalEncoder(str(folder)).encode(TEXTS), theirs, atol=1e-4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda place: (place / "model.safetensors").unlink(), "pickled weights are never read"),
        (lambda place: (place / "model.safetensors").write_bytes(b"nothing"), "cannot be read"),
        (
            lambda place: (place / "config.json").write_text('{"activation_function": "x.Mish"}'),
            "unknown kind",
        ),
    ],
)
def test_a_dense_layer_that_cannot_be_read_is_no_model(change: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "1_Pooling").mkdir()
    layer = Dense(np.eye(4, dtype=np.float32), np.zeros(4, dtype=np.float32))
    write_dense(tmp_path, [layer], "cls", 4)
    assert len(read_dense(tmp_path)) == 1
    change(tmp_path / "2_Dense")
    with pytest.raises(LanguageError, match=message):
        read_dense(tmp_path)


@pytest.mark.parametrize("kind", ["prefix", "bottleneck"])
def test_added_parts_begin_almost_silent_and_come_back_from_disk(kind: str, tmp_path: Path) -> None:
    import torch
    from transformers import LlamaModel

    for model in (Halves.of("minilm", None, 24).model, tiny_llama()):
        tokens = [[2, 9, 8, 7, 3], [2, 5, 3]]
        before = read(model, tokens)
        (add_prefixes if kind == "prefix" else add_bottlenecks)(model)
        after = read(model, tokens)
        if kind == "bottleneck":
            torch.testing.assert_close(after, before)
        else:
            assert torch.cosine_similarity(before[1, :3], after[1, :3], dim=-1).min() > 0.9
        disturb(numbers(model))
        changed = read(model, tokens)
        assert not torch.allclose(changed[0], after[0], atol=0.01)
        np.testing.assert_allclose(
            read(model, tokens[1:])[0, :3], changed[1, :3], atol=1e-4
        )  # alone as in a batch
        folder = tmp_path / type(model).__name__
        save_model(model, folder)
        assert "penchant" not in (folder / "config.json").read_text()
        plain = type(model).from_pretrained(folder).eval()
        assert not added(plain)
        np.testing.assert_allclose(read(plain, tokens)[0], before[0], atol=1e-5)
        add_from(folder, plain)
        np.testing.assert_allclose(read(plain, tokens)[0], changed[0], atol=1e-5)
        if isinstance(model, LlamaModel):  # what comes later changes nothing before it
            later = read(plain, [[2, 9, 8, 7, 11]])
            np.testing.assert_allclose(later[0, :4], changed[0, :4], atol=1e-5)


def test_added_parts_learn_only_where_the_cut_is(halves: Halves) -> None:
    cut = Halves.of("minilm", 2, 24)
    for method in ("prefix", "bottleneck"):
        upper = taught(cut.upper(), method)
        assert len(list(parts_of(upper.model))) == len(layers_of(upper.model)) == 2
        assert not list(parts_of(cut.model))


def test_a_damaged_file_of_added_parts_is_told(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    model = tiny_llama()
    add_bottlenecks(model)
    save_model(model, tmp_path)
    values = load_file(tmp_path / FILE)
    (tmp_path / FILE).write_bytes(b"nothing of the kind")
    with pytest.raises(LanguageError, match="damaged"):
        add_from(tmp_path, tiny_llama())
    name = next(iter(values))
    for wrong in (
        {name.replace("layers.0", "layers.9"): values[name]},
        {"strange": values[name]},
        {name: value for name, value in values.items() if not name.endswith("up.bias")},
    ):
        save_file(wrong, tmp_path / FILE)
        with pytest.raises(LanguageError, match="not of this model"):
            add_from(tmp_path, tiny_llama())


def test_added_parts_are_there_in_8_bits_as_well(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime", reason="8 bits need the package onnxruntime")
    pytest.importorskip("onnx", reason="8 bits need the package onnx")
    cut = Halves.of("minilm", None, 24)
    add_prefixes(cut.model)
    disturb(numbers(cut.model), 2.0)
    add_bottlenecks(cut.model)
    save_model(cut.model, tmp_path / "LM")
    cut.tokenizer.save_pretrained(tmp_path / "LM")
    whole = LocalEncoder(str(tmp_path / "LM")).encode(TEXTS)
    small = LocalEncoder(str(tmp_path / "LM"), precision="int8", store=tmp_path).encode(TEXTS)
    plain = LocalEncoder("minilm").encode(TEXTS)
    assert ((whole * small).sum(axis=1) > (whole * plain).sum(axis=1) + 0.02).all()


def test_words_are_learned_without_events(halves: Halves) -> None:
    data, texts = world()
    bare = data.with_interactions(data.interactions.where(np.zeros(len(data.interactions), dtype=bool)))
    with pytest.raises(SettingError, match="--tasks mlm"):
        lessons_of(bare, texts, seed=0)
    found = lessons_of(bare, texts, seed=0, events=False)
    assert found.tasks() == ("request", "mlm")
    with pytest.raises(SettingError, match="teach mlm beside"):
        Teaching(halves, found, Plan(weights={"request": 1.0}))
    course = Teaching(halves, found, Plan(weights={"mlm": 1.0, "request": 0.1}, epochs=3, layers=1)).run()[1]
    assert course.losses[-1]["mlm"] < course.losses[0]["mlm"]
    assert course.marks[course.best] > course.marks[0]
    assert "masked words" in course.measure


def test_words_are_masked_only_inside_and_the_truth_is_kept(halves: Halves) -> None:
    from penchant.language.adapt.words import masked

    tokens = halves.tokens(TEXTS)
    found = masked(halves, tokens, np.random.default_rng(0))
    for text, places, words in zip(tokens, found.places, found.words, strict=True):
        assert len(places) >= 1
        assert 0 not in places
        assert len(text) - 1 not in places
        np.testing.assert_array_equal(np.array(text)[places], words)


def test_a_model_without_masked_words_cannot_learn_them(lessons: Lessons, halves: Halves) -> None:
    cut = replace(halves, tokenizer=type("Tokenizer", (), {"mask_token_id": None})())
    with pytest.raises(SettingError, match="no masked words"):
        Teaching(cut, lessons, Plan(weights={"mlm": 1.0}))


def test_learned_weights_rest_where_each_is_one_over_its_loss() -> None:
    import torch

    weighting = Weighting({"place": 0.5, "rank": 2.0}, learned=True)
    assert weighting.told() == pytest.approx({"place": 0.5, "rank": 2.0})
    losses = {"place": torch.tensor(0.25), "rank": torch.tensor(4.0)}
    optimiser = torch.optim.Adam(weighting.parameters(), lr=0.05)
    for _ in range(400):
        optimiser.zero_grad()
        weighting.total(losses).backward()  # type: ignore[arg-type]
        optimiser.step()
    assert weighting.told() == pytest.approx({"place": 4.0, "rank": 0.25}, rel=0.02)
    plain = Weighting({"place": 0.5, "rank": 2.0}, learned=False)
    assert float(plain.total(losses)) == pytest.approx(0.125 + 8.0)  # type: ignore[arg-type]
    assert not plain.told()


def test_weights_are_learned_smoothly_and_go_on_after_a_break(
    lessons: Lessons, halves: Halves, tmp_path: Path
) -> None:
    weights: Any = {"place": 1.0, "rank": 1.0, "mlm": 0.5}
    plan = Plan(
        weights=weights, balance="learned", smoothing=0.1, augment=0.3, epochs=2, layers=1, patience=9
    )
    whole = Teaching(halves, lessons, plan).run()[1]
    assert whole.weights.keys() == weights.keys()
    assert whole.weights["mlm"] < 0.5  # the loss of words is above two
    Teaching(halves, lessons, replace(plan, minutes=1e-9), tmp_path / "kept").run()
    again = Teaching(halves, lessons, plan, tmp_path / "kept").run()[1]
    np.testing.assert_allclose(again.marks, whole.marks, atol=1e-6)
    assert again.weights == pytest.approx(whole.weights, rel=1e-5)


def test_smoothing_moves_the_loss_towards_that_of_knowing_nothing(lessons: Lessons) -> None:
    import torch

    heads = Heads(4, lessons.places.shape[1], seed=0)
    torch.manual_seed(0)
    vectors = 20 * torch.randn(20, 4)

    def loss(task: Any, smoothing: float) -> float:
        batch = Batch(vectors, heads.place(vectors), np.arange(20), np.random.default_rng(0))
        return float(Lecture(lessons, heads, smoothing).loss(task, batch).detach())

    for task in ("rank", "click"):
        plain, half, most = (loss(task, part) for part in (0.0, 0.5, 0.999))
        assert half == pytest.approx((plain + most) / 2, rel=1e-2)
        assert most != pytest.approx(plain, rel=1e-3)
    assert loss("place", 0.5) == loss("place", 0.0)


LINES = st.lists(st.text(st.characters(blacklist_characters="\n\r", codec="utf-8"), max_size=30), max_size=6)


@given(LINES, st.floats(0, 0.9), st.integers(0, 99))
def test_copies_say_nothing_new(lines: list[str], part: float, seed: int) -> None:
    text = "\n".join(["The title", *lines])
    copy = varied([text], part, np.random.default_rng(seed))[0]
    first, *rest = copy.split("\n")
    assert first == "The title"
    theirs = [sorted(line) for line in lines]
    for line in rest:
        assert sorted(line) in theirs
        theirs.remove(sorted(line))
    assert part or not theirs


def test_lists_are_shuffled_and_sentences_are_not() -> None:
    text = "Heat (1995)\nGenre: Action, Crime, Thriller, Noir\nHe said: wait here, I will be back soon"
    found = varied([text] * 30, 0.5, np.random.default_rng(0))
    lines = {line for copy in found for line in copy.split("\n")}
    assert sum(line.startswith("Genre: ") for line in lines) > 3
    assert "He said: wait here, I will be back soon" in lines
    assert "Heat (1995)" in found
    assert varied(["one line"], 0.9, np.random.default_rng(0)) == ["one line"]


def test_copies_of_titles_alone_are_refused(lessons: Lessons, halves: Halves) -> None:
    titles = replace(lessons, texts=[text.split("\n")[0] for text in lessons.texts])
    with pytest.raises(SettingError, match="second line"):
        Teaching(halves, titles, Plan(augment=0.2, layers=1)).begin()


def test_a_pull_keeps_the_model_near_where_it_began(lessons: Lessons, halves: Halves) -> None:
    moved = {}
    for pull in (0.0, 300.0, 1e9):
        teaching = Teaching(halves, lessons, Plan(epochs=2, layers=1, pull=pull))
        teaching.begin()
        teaching.epoch(1)
        pairs = zip(teaching.taught.parameters(), teaching.first, strict=True)
        moved[pull] = sum(float(((now - first) ** 2).sum().detach()) for now, first in pairs)
    assert moved[0.0] > 1.001 * moved[300.0] > 0
    assert moved[1e9] == 0.0


@pytest.mark.parametrize(
    "options",
    [
        {"smoothing": 1.0},
        {"augment": -0.1},
        {"pull": -1.0},
        {"method": "head", "weights": {"mlm": 1.0}},
        {"smoothing": 0.1, "weights": {"place": 1.0}},
        {"augment": 0.1, "weights": {"mlm": 1.0}},
        {"balance": "learned", "weights": {"rank": 1.0}},
    ],
)
def test_plans_that_cannot_be_are_refused(options: Any) -> None:
    with pytest.raises(SettingError):
        Plan(**options)


def test_the_command_line_teaches_words_and_refuses_what_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "DIR").mkdir()
    rows = "\n".join(f"{n},A {word} tale of number {n}" for n, word in enumerate(["tall", "short"] * 20))
    (tmp_path / "DIR" / "items.csv").write_text(f"item_id,title\n{rows}\n")
    run = CliRunner().invoke
    command = application("adapt")
    how = ["--tasks", "mlm", "--layers", "1", "--epochs", "1"]
    found = run(command, ["adapt", "DIR", "-o", "LM", *how])
    assert found.exit_code == 0, found.output
    told = json.loads((tmp_path / "LM" / "penchant.json").read_text())
    assert told["tasks"] == {"mlm": 1.0}
    assert told["pull"] == 0.0
    again = run(command, ["adapt", "DIR", "-o", "LM2", "--language", "LM", "--pull", "50", *how])
    assert again.exit_code == 0, again.output
    assert json.loads((tmp_path / "LM2" / "penchant.json").read_text())["pull"] == 50
    for options in (["--method", "head", "--layers", "2"], ["--tasks", "place"]):
        refused = run(command, ["adapt", "DIR", "-o", "LM3", *options])
        assert isinstance(refused.exception, SettingError)
        assert not (tmp_path / "LM3").exists()
