"""MIND: Microsoft's news impressions, its two parts put together into one log."""

import shutil
from functools import partial
from pathlib import Path

from penchant.data.sources.archives import unpack
from penchant.data.sources.download import checked, download
from penchant.data.sources.terms import Origin, Source, Workplace
from penchant.errors import SourceError

ROOT = "https://recodatasets.z20.web.core.windows.net/newsrec"
PARTS = ("train", "dev")
LICENCE = (
    "Microsoft Research License Terms: non-commercial research only (https://github.com/msnews/MIND, "
    "file MSR License_Data.pdf)"
)
CITE = "Wu et al. 2020, MIND: A Large-scale Dataset for News Recommendation, ACL"


def mind(work: Workplace, size: str, root: str = ROOT) -> tuple[str, ...]:
    """Download both parts and write one `behaviors.tsv` and one `news.tsv`.

    Splitting by time is the evaluator's work, so that the parts are joined; impressions are numbered from
    1 in both, and therefore get the part's name before their number.
    """
    notes, halves = [], work.downloads / "unpacked"
    shutil.rmtree(halves, ignore_errors=True)
    for part in PARTS:
        name = f"MIND{size}_{part}.zip"
        archive = download(f"{root}/{name}", work.downloads / name, progress=work.progress)
        notes.append(checked(archive, name, {}))
        (halves / part).mkdir(parents=True)
        unpack(archive, halves / part, ("behaviors.tsv", "news.tsv"))
    impressions = _behaviors([halves / part for part in PARTS], work.folder / "behaviors.tsv")
    articles, again = _news([halves / part for part in PARTS], work.folder / "news.tsv")
    shutil.rmtree(halves)
    return (
        *notes,
        f"behaviors.tsv: {impressions:,} impressions, train before dev, numbered train-1, dev-1 and so on",
        f"news.tsv: {articles:,} articles; {again:,} lines of dev about articles of train left out",
    )


def _behaviors(parts: list[Path], target: Path) -> int:
    count = 0
    with target.open("w", encoding="utf-8", newline="\n") as out:
        for part in parts:
            with (part / "behaviors.tsv").open(encoding="utf-8", newline="\n") as lines:
                for line in lines:
                    if line.count("\t") != 4:
                        raise SourceError(
                            f"{part.name}/behaviors.tsv: a line has not five columns: {line[:80]}"
                        )
                    out.write(f"{part.name}-{line.rstrip()}\n")
                    count += 1
    return count


def _news(parts: list[Path], target: Path) -> tuple[int, int]:
    seen: set[str] = set()
    again = 0
    with target.open("w", encoding="utf-8", newline="\n") as out:
        for part in parts:
            with (part / "news.tsv").open(encoding="utf-8", newline="\n") as lines:
                for line in lines:
                    number = line.partition("\t")[0]
                    if number in seen:
                        again += 1
                        continue
                    seen.add(number)
                    out.write(line if line.endswith("\n") else f"{line}\n")
    return len(seen), again


def _source(size: str, title: str, bytes_: str) -> Source:
    return Source(
        title, LICENCE, (Origin(f"{ROOT}/MIND{size}_*.zip", partial(mind, size=size)),), bytes_, CITE
    )


MIND: dict[str, Source] = {
    "mind-small": _source(
        "small",
        "MIND small: 230,117 impressions (shown and clicked) of 94,057 people on 65,238 news, November 2019",
        "84 MB, unpacked 230 MB",
    ),
    "mind-large": _source(
        "large",
        "MIND large: 2.6 million impressions (shown and clicked) on more than 100,000 news, November 2019",
        "634 MB, unpacked 1.7 GB",
    ),
}
"""MIND's sizes by name; its unlabelled test part is not among them."""
