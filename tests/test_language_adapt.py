"""Teaching a language model: a world whose words say who likes what, and everything that may go wrong."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from penchant.cli.adapt import weights_of
from penchant.errors import LanguageError, SettingError
from penchant.language.adapt.checkpoint import NAME
from penchant.language.adapt.halves import Halves, layers_of, padded
from penchant.language.adapt.lessons import Exam, Lessons
from penchant.language.adapt.methods import taught
from penchant.language.adapt.model import save
from penchant.language.adapt.plan import Plan
from penchant.language.adapt.tasks import Heads
from penchant.language.adapt.training import Teaching, graded
from penchant.language.local import LocalEncoder
from penchant.rank.lessons import lessons_of
from teaching import FACTS, alone, halved, learnable, world

one_thread = pytest.fixture(scope="module", autouse=True)(alone)


lessons = pytest.fixture(scope="module")(learnable)
halves = pytest.fixture(scope="module")(halved)


def test_lessons_hold_nothing_of_the_exam(lessons: Lessons) -> None:
    assert len(lessons.exam.answers) > 10
    assert not np.isin(lessons.exam.items, lessons.items).any()
    assert lessons.taken.shape == (len(lessons.people), len(lessons.items))
    assert set(lessons.tasks()) == {"place", "rank", "click", "rating", "request", "mlm"}
    pairs = zip(lessons.requests, lessons.items[lessons.answers].tolist(), strict=True)
    assert set(pairs) <= {("something crimson", 2), ("any amber one", 0)}


def test_the_halves_make_the_whole(halves: Halves) -> None:
    import torch

    texts = ["A quiet drama", "robots in deep space, and a very long journey home"]
    hidden = halves.hidden(halves.tokens(texts))
    states, mask = hidden.batch([0, 1])
    upper = halves.upper().eval()
    with torch.inference_mode():
        after = upper(inputs_embeds=states, attention_mask=mask).last_hidden_state
        ids, whole_mask = padded(halves.tokens(texts))
        whole = halves.model(
            input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(whole_mask)
        ).last_hidden_state
    for row in range(2):
        length = int(mask[row].sum())
        np.testing.assert_allclose(after[row, :length], whole[row, :length], atol=0.02)
    assert len(layers_of(halves.joined(upper))) == len(layers_of(halves.model))


def test_it_learns_what_words_mean_to_people(lessons: Lessons, halves: Halves) -> None:
    teaching = Teaching(halves, lessons, Plan(epochs=4, layers=1, minutes=5))
    upper, course = teaching.run()
    assert len(course.marks) == len(course.losses) + 1
    assert course.losses[-1]["place"] < course.losses[0]["place"]
    assert max(course.marks) == course.marks[course.best]
    assert upper is not None


@pytest.mark.parametrize("method", ["lora", "ia3"])
def test_light_methods_teach_few_numbers_and_fold_into_the_model(
    method: str, lessons: Lessons, halves: Halves, tmp_path: Path
) -> None:
    whole = sum(p.numel() for p in halves.model.parameters())
    plan = Plan(method=method, epochs=1, layers=1, weights={"place": 1.0, "click": 0.5})  # type: ignore[arg-type]
    teaching = Teaching(halves, lessons, plan)
    upper, course = teaching.run()
    assert 0 < course.parameters < 0.02 * whole
    before = teaching.everything()
    save(tmp_path / "LM", halves, upper, plan, course, FACTS)
    read = LocalEncoder(str(tmp_path / "LM"), max_tokens=24)
    np.testing.assert_allclose(read.encode(lessons.texts[:8]), before[:8], atol=0.02)
    assert read.whole


def test_all_tasks_share_one_encoder(lessons: Lessons, halves: Halves) -> None:
    weights = dict.fromkeys(lessons.tasks(), 1.0)
    plan = Plan(epochs=1, layers=1, weights=weights, adversarial=0.1)
    course = Teaching(halves, lessons, plan).run()[1]
    assert set(course.losses[0]) >= {"place", "rank", "click", "rating"}
    assert all(np.isfinite(value) for value in course.losses[0].values())


def test_what_was_cut_short_goes_on_to_the_same_end(lessons: Lessons, halves: Halves, tmp_path: Path) -> None:
    plan = Plan(epochs=3, layers=1, patience=9)
    whole = Teaching(halves, lessons, plan).run()[1]
    cut = Teaching(halves, lessons, plan, tmp_path / "kept")
    real, calls = cut.epoch, []

    def stop(epoch: int) -> dict[str, float]:
        if epoch == 3:
            raise KeyboardInterrupt
        calls.append(epoch)
        return real(epoch)

    cut.epoch = stop  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        cut.run()
    again = Teaching(halves, lessons, plan, tmp_path / "kept")
    course = again.run()[1]
    assert calls == [1, 2]
    np.testing.assert_allclose(course.marks, whole.marks, atol=1e-6)
    again.forget()
    assert not (tmp_path / "kept").exists()


def test_a_damaged_checkpoint_is_told(lessons: Lessons, halves: Halves, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"nothing of the kind")
    with pytest.raises(LanguageError, match="damaged"):
        Teaching(halves, lessons, Plan(epochs=1, layers=1), tmp_path).run()


def test_a_folder_that_holds_something_else_is_not_overwritten(
    lessons: Lessons, halves: Halves, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    upper, course = Teaching(halves, lessons, Plan(epochs=1, layers=1)).run()
    with pytest.raises(LanguageError, match="holds something else"):
        save(tmp_path, halves, upper, Plan(), course, FACTS)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    save(tmp_path / "LM", halves, upper, Plan(), course, FACTS)
    save(tmp_path / "LM", halves, upper, Plan(), course, FACTS)
    told = json.loads((tmp_path / "LM" / "penchant.json").read_text())
    assert told["marks"][0] == pytest.approx(course.marks[0], abs=1e-4)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["LM", "mine.txt"]
    assert "NDCG@20" in (tmp_path / "LM" / "README.md").read_text()


def test_decoders_are_cut_in_two_as_well() -> None:
    import torch
    from transformers import LlamaConfig, LlamaModel

    config = LlamaConfig(
        vocab_size=64, hidden_size=16, intermediate_size=32, num_hidden_layers=3, num_attention_heads=2,
        num_key_value_heads=2, pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    model: Any = LlamaModel(config)
    model.eval()
    cut = Halves(Path("x"), model, None, "last", "", "", low=2, max_tokens=8)
    tokens = [[1, 2, 3, 4], [5, 6]]
    states, mask = cut.hidden(tokens).batch([0, 1])
    ids, whole_mask = padded(tokens)
    with torch.inference_mode():
        after = cut.upper()(inputs_embeds=states, attention_mask=mask).last_hidden_state
        whole = model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(whole_mask))
    np.testing.assert_allclose(after[0], whole.last_hidden_state[0], atol=0.01)
    assert taught(cut.upper(), "lora").count() > 0


@pytest.mark.parametrize("text", ["", "place=0", "sing", "place=-1", "rank=inf", "place=x"])
def test_tasks_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(SettingError, match="--tasks"):
        weights_of(text)


def test_tasks_without_lessons_are_refused(lessons: Lessons, halves: Halves) -> None:
    bare = replace(lessons, requests=(), answers=np.empty(0, dtype=np.int64))
    with pytest.raises(SettingError, match="request"):
        Teaching(halves, bare, Plan(weights={"request": 1.0}))


def test_few_items_are_refused() -> None:
    data, texts = world()
    with pytest.raises(SettingError, match="30 are the least"):
        lessons_of(data, ["" if row > 20 else text for row, text in enumerate(texts)], seed=0)


def test_a_log_without_times_is_learned_from() -> None:
    data, texts = world()
    events = data.interactions
    bare = data.with_interactions(replace(events, times=np.zeros(len(events)), clock="none"))
    found = lessons_of(bare, texts, seed=0)
    assert len(found.exam.answers) > 10
    assert isinstance(found.exam, Exam)
    assert sp.issparse(found.taken)


def test_tasks_without_places_are_examined_by_a_head_that_is_fitted_anew(
    lessons: Lessons, halves: Halves
) -> None:
    teaching = Teaching(halves, lessons, Plan(epochs=1, layers=1, weights={"rating": 1.0}))
    teaching.begin()
    first = teaching.mark()
    teaching.epoch(1)
    stale = graded(lessons.exam, teaching.heads.placed(teaching.everything()[lessons.exam.items]))
    found = teaching.mark()
    vectors = teaching.everything()
    fresh = Heads(vectors.shape[1], lessons.places.shape[1], seed=0)
    fresh.begin(vectors[lessons.items], lessons.places)
    assert found == graded(lessons.exam, fresh.placed(vectors[lessons.exam.items]))
    assert len({first, stale, found}) > 1
