"""An adapted language model on disk: a folder that any tool of the field reads, with a card for people."""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from penchant.errors import LanguageError
from penchant.language.adapt.halves import Halves, Upper
from penchant.language.adapt.plan import Course, Plan
from penchant.language.adapters import FILE, save_model
from penchant.language.dense import write_dense
from penchant.language.folders import ADAPTED, adapted
from penchant.language.local import quiet_transformers

KEPT = ("*.json", "*.txt", "*.model")
"""Files of the model that was taught which stay as they are: tokenizer, pooling, prompts."""


def save(
    folder: Path, halves: Halves, upper: Upper, plan: Plan, course: Course, facts: Mapping[str, Any]
) -> None:
    """Write the model, whole or not at all; a model that was there before is replaced.

    Raises:
        LanguageError: the folder holds something else, or cannot be written.
    """
    check_place(folder)
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
    told = {
        "format": 1,
        "method": plan.method,
        "layers": plan.depth,
        "tasks": dict(plan.weights) | course.weights,
        "weights": plan.balance,
        "adversarial": plan.adversarial,
        "smoothing": plan.smoothing,
        "augment": plan.augment,
        "unlabelled": plan.unlabelled,
        "precision": course.precision,
        "pull": plan.pull,
        "seed": plan.seed,
        "parameters": course.parameters,
        "seconds": round(course.seconds, 1),
        "measure": course.measure,
        "marks": [round(mark, 5) for mark in course.marks],
        "best": course.best,
        **facts,
    }
    try:
        unfinished.mkdir(parents=True)
        for pattern in KEPT:
            for path in halves.folder.glob(pattern):
                shutil.copyfile(path, unfinished / path.name)
        if (halves.folder / "1_Pooling").is_dir():
            shutil.copytree(halves.folder / "1_Pooling", unfinished / "1_Pooling")
        joined = halves.joined(upper.model)
        with quiet_transformers():
            save_model(joined, unfinished)
        if upper.dense:
            write_dense(unfinished, upper.dense, halves.pooling, int(joined.config.hidden_size))
        halves.tokenizer.save_pretrained(unfinished)
        (unfinished / ADAPTED).write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
        (unfinished / "README.md").write_text(card(folder.name, told), encoding="utf-8")
        replace(unfinished, folder)
    except OSError as error:
        raise LanguageError(f"-o {folder}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def check_place(folder: Path) -> None:
    """Raise LanguageError where something else than an adapted model is: it would be lost."""
    if folder.exists() and not folder.is_dir():
        raise LanguageError(f"-o {folder}: this is a file", hint="name a folder, new or old")
    if folder.is_dir() and any(folder.iterdir()) and adapted(folder) is None:
        raise LanguageError(f"-o {folder}: the folder holds something else", hint="name a new one")


def replace(new: Path, old: Path) -> None:
    """Put a finished folder in the place of another one."""
    if old.exists():
        aside = old.with_name(f".{old.name}.old.{os.getpid()}")
        old.rename(aside)
        new.rename(old)
        shutil.rmtree(aside, ignore_errors=True)
    else:
        new.rename(old)


def card(name: str, told: Mapping[str, Any]) -> str:
    """Return the model card."""
    marks: Sequence[float] = told["marks"]
    rows = "\n".join(f"| {epoch} | {mark:.4f} |" for epoch, mark in enumerate(marks))
    return f"""# {name}

A text encoder adapted by Penchant to what people do with the things it reads about.

- Began as: {told["began_as"]}
- Taught: {told["method"]}, {_layers(told)}, {told["parameters"]:,} numbers,
  tasks {", ".join(f"{task} {weight:g}" for task, weight in told["tasks"].items())}
- Data: {told["data"]["items"]:,} items with events, {told["data"]["people"]:,} people; fingerprint
  {told["data"]["fingerprint"][:12]}
- Time: {told["seconds"]:.0f} s; seed {told["seed"]}

Use it: `penchant fit DIR -o MODEL --language {name}`.{_beside(told["method"])}
{_warning(told["data"]["people"])}

{told["measure"]}, by epoch (0: before any; kept: {told["best"]}):

| epoch | {told["measure"].split()[0]} |
| --- | --- |
{rows}
"""


def _layers(told: Mapping[str, Any]) -> str:
    if told["method"] == "head":
        return "a dense layer behind the pooling"
    return f"the last {told['layers']} layers" if told["layers"] else "all layers"


def _beside(method: str) -> str:
    if method not in ("prefix", "bottleneck"):
        return ""
    return f" What was added to\nthe layers lies in {FILE}, which only Penchant reads."


def _warning(people: int) -> str:
    if not people:
        return "It was taught on texts alone: it knows nothing of people."
    return (
        "It was taught on a log of behaviour: what it knows of items may show what groups of people did, so\n"
        "share it as you would share that log. Items newer than the log are placed by what older ones with\n"
        "like words were taken with."
    )
