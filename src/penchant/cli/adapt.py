"""penchant adapt: a language model learns what people do with the things it reads about."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, get_args

import typer

from penchant.cli.check import MAP_HELP
from penchant.cli.tables import tables
from penchant.cli.terminal import cache_folder, counted, say
from penchant.cli.tracking import Track, Tracking
from penchant.data.dataset import Dataset
from penchant.data.written import MARK, with_written
from penchant.errors import SettingError
from penchant.language.adapt.halves import Halves
from penchant.language.adapt.lessons import Task
from penchant.language.adapt.model import check_place, save
from penchant.language.adapt.plan import Course, Plan
from penchant.language.adapt.training import Teaching
from penchant.language.describe import describe
from penchant.rank.bundle import fingerprint
from penchant.rank.lessons import lessons_of

TASKS: tuple[Task, ...] = get_args(Task)


class Method(StrEnum):
    """Which numbers of the model learn."""

    full = "full"
    lora = "lora"
    ia3 = "ia3"
    prefix = "prefix"
    bottleneck = "bottleneck"
    head = "head"


class Weights(StrEnum):
    """Where the weights of tasks come from."""

    given = "given"
    learned = "learned"


class Precision(StrEnum):
    """How the layers that learn compute."""

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"


Adversarial = Annotated[
    float, typer.Option(help="Teach against the worst small change of this length, 0 for none.", min=0.0)
]
Smoothing = Annotated[
    float, typer.Option(help="Part of each label that is spread over all answers, 0 for none.", min=0.0)
]
Augment = Annotated[
    float, typer.Option(help="Chance that a line of a description is left out of its copies.", min=0.0)
]
WrittenTable = Annotated[
    Path | None, typer.Option(help="A table of penchant write: other words for the items, as copies.")
]
Unlabelled = Annotated[
    float,
    typer.Option(help="Weight of items without events, which are guessed at, 0 for none.", min=0.0),
]
Pull = Annotated[
    float, typer.Option(help="Pull back to the weights with which it begins, 0 for none.", min=0.0)
]
Precise = Annotated[
    Precision, typer.Option(help="auto: bfloat16 where the processor has it and it is faster; or one.")
]


def adapt(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder of tables.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The adapted model's folder.")],
    language: Annotated[
        str, typer.Option(help="Model to begin with: minilm, a folder (an adapted one too), a name.")
    ] = "minilm",
    method: Annotated[
        Method, typer.Option(help="Which numbers learn: full, lora, ia3, prefix, bottleneck, head.")
    ] = Method.full,
    layers: Annotated[
        str | None, typer.Option(help="How many of the last layers learn, or all; 2 unless told.")
    ] = None,
    tasks: Annotated[
        str, typer.Option(help="What is taught, with weights: place=1,rank=0.5,click,rating,request,mlm.")
    ] = "place,rank",
    weights: Annotated[
        Weights, typer.Option(help="Weights of tasks as given, or learned from there on.")
    ] = Weights.given,
    epochs: Annotated[int, typer.Option(help="Times through the catalogue, at most.", min=1)] = 12,
    minutes: Annotated[float, typer.Option(help="Ends after the epoch in which they pass.", min=0.1)] = 20.0,
    adversarial: Adversarial = 0.0,
    smoothing: Smoothing = 0.0,
    augment: Augment = 0.0,
    written: WrittenTable = None,
    unlabelled: Unlabelled = 0.0,
    pull: Pull = 0.0,
    precision: Precise = Precision.auto,
    max_tokens: Annotated[int, typer.Option(help="Tokens read of each text.", min=8)] = 128,
    seed: Annotated[int, typer.Option(help="The same seed gives the same model.", min=0)] = 0,
    mapping: Annotated[str | None, typer.Option("--map", help=MAP_HELP)] = None,
    track: Track = None,
) -> None:
    """Teach a text encoder from tables."""
    tracking = Tracking(context, track)
    check_place(output)
    if method is Method.head and layers is not None:
        raise SettingError(f"--layers {layers}: --method head frees no layer", hint="leave --layers out")
    plan = Plan(
        method=method.value,
        layers=_layers("2" if layers is None else layers),
        weights=weights_of(tasks),
        balance=weights.value,
        epochs=epochs,
        adversarial=adversarial,
        smoothing=smoothing,
        augment=augment,
        unlabelled=unlabelled,
        pull=pull,
        minutes=minutes,
        precision=precision.value,
        seed=seed,
    )
    data = tables(folder, mapping)
    other = written_texts(data, written) if written else ()
    keep(tracking, taught(data, output, language, plan, max_tokens, other))


def keep(tracking: Tracking, course: Course) -> None:
    """Write down what came out, where runs are tracked."""
    best = {"parameters": course.parameters, "best epoch": course.best}
    if tracking:
        tracking.keep(
            {**best, course.measure: course.marks[course.best]},
            series={f"{course.measure} by epoch": course.marks},
        )


def written_texts(data: Dataset, path: Path) -> list[str]:
    """Return each item's title with what `penchant write` wrote of it, "" where it wrote nothing.

    Raises:
        TableError: the table is none of those, or of other items.
    """
    joined, lines = with_written(data, path)
    say("\n".join(lines))
    names = [name for name in joined.items.table.columns if name.startswith(MARK)]
    said = describe(joined.items, columns=names)
    title = [data.items.title] if data.items.title else []
    whole = describe(joined.items, columns=[*title, *names])
    return [text if other else "" for text, other in zip(whole, said, strict=True)]


def taught(
    data: Dataset, output: Path, language: str, plan: Plan, max_tokens: int, written: Sequence[str] = ()
) -> Course:
    """Teach with progress shown, and write the model; `written` are other descriptions of the items."""
    halves = Halves.of(language, plan.depth, max_tokens, cache_folder())
    events = bool(plan.weights.keys() - {"mlm", "request"})
    lessons = lessons_of(data, describe(data.items), plan.seed, events=events)
    lessons = replace(lessons, written=written)
    mark = fingerprint(data)
    same = sha256(f"{mark} {language} {max_tokens} {plan} {written}".encode()).hexdigest()
    kept = output.with_name(f".{output.name}.unfinished-{same[:12]}")
    with counted("teaching") as progress:
        teaching = Teaching(halves, lessons, plan, kept, say, progress)
        upper, course = teaching.run()
    facts = {
        "began_as": language,
        "written": sum(map(bool, written)),
        "data": {"items": len(lessons.items), "people": len(lessons.people), "fingerprint": mark},
    }
    save(output, halves, upper, plan, course, facts)
    teaching.forget()
    first, last = course.marks[0], course.marks[course.best]
    say(
        f"{output}: {course.parameters:,} numbers taught in {course.seconds:.0f} s; "
        f"{course.measure} {first:.4f} before, {last:.4f} after epoch {course.best}"
    )
    if course.weights:
        say(f"weights learned: {', '.join(f'{task} {w:.3g}' for task, w in course.weights.items())}")
    return course


def weights_of(tasks: str) -> dict[Task, float]:
    """Read tasks with their weights: `place=1,rank=0.5,click`."""
    found: dict[Task, float] = {}
    for part in filter(None, (part.strip() for part in tasks.split(","))):
        name, _, number = part.partition("=")
        try:
            weight = float(number) if number else 1.0
        except ValueError:
            weight = -1.0
        if name not in TASKS or not 0 < weight < float("inf"):
            raise SettingError(
                f"--tasks: '{part}' is no task with a weight", hint=f"write {'=1,'.join(TASKS)}=1"
            )
        found[name] = weight
    if not found:
        raise SettingError("--tasks: none is named", hint=f"some of {', '.join(TASKS)}")
    return found


def _layers(text: str) -> int | None:
    if text == "all":
        return None
    if not text.isdecimal() or int(text) < 1:
        raise SettingError(f"--layers {text}", hint="a number of the last layers, 1 or more, or all")
    return int(text)
