"""Newcomers of whom a sentence is all that is known: their lists beside popularity, and beside their events.

    python bench/newcomers.py [FOLDER …] [-o bench/results/newcomers.json]

FOLDER are tables with events in time; without any, ml_latest_small under PENCHANT_DATA. A model is fitted on
the events before the moment at which three fifths of them are over. Newcomers are the people whose first
event is later, with at least fifteen: their first five events become a sentence, or are withheld altogether,
and the lists are judged by NDCG@10 on all that they took after those five. No list may hold one of the five.

Lists: popularity; what a newcomer gets who says nothing; who has told the columns of the `users` table; who
says a sentence by which words alone count, as those of a request; who says it in the words of the fit's own
template, and in other words; and the height, who had the five events themselves.
"""

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from rig import judge, results

from penchant import Recommender, read
from penchant.data.dataset import Dataset
from penchant.data.split import at_time
from penchant.language.choose import load_encoder
from penchant.language.people import Person, joined, people
from penchant.metrics import counts, hits, ndcg
from penchant.requests.newcomers import FIRST, first_times, sentence
from penchant.types import Query, Rows, Scores

SHARE, LEAST, K = 0.6, 15, 10
POPULARITY = "popularity"


def main() -> None:
    """Measure and write what came out."""
    folders, output = results.folders(__doc__, ("ml_latest_small",), "newcomers.json")
    found = {folder.name: measured(folder) for folder in folders}
    results.write(output, "python bench/newcomers.py", {"sets": found})


def measured(folder: Path) -> dict[str, Any]:
    """Return how good each kind of list is on one set, and how much better than popularity."""
    data, _ = read(folder)
    moment = float(np.quantile(data.interactions.times, SHARE))
    known = data.with_interactions(at_time(data.interactions, moment)[0])
    with TemporaryDirectory() as temporary:
        model = Recommender.fit(known, effort="quick", cache=Path(temporary), say=print)
    model = replace(model, encoder=load_encoder("minilm"))
    new = newcomers(data, moment)
    lists = scored(model, data, new, moment)
    values = {name: quality(scores, data, new) for name, scores in lists.items()}
    rows = {
        name: {
            **judge.summary([{"ndcg@10": value}])["ndcg@10"],
            "beside popularity": judge.difference([{"ndcg@10": value}], [{"ndcg@10": values[POPULARITY]}])[
                "ndcg@10"
            ],
        }
        for name, value in values.items()
    }
    for name, row in rows.items():
        print(f"{folder.name}: {name}: {row}", flush=True)
    learned = model.newcomers
    weights = {} if learned is None else {"like people": learned.part, "nearness": learned.near}
    return {
        "newcomers": len(new),
        "known people": len(np.unique(known.interactions.users)),
        **weights,
        "lists": rows,
    }


def newcomers(data: Dataset, moment: float) -> Rows:
    """Return the people who came at a moment or later, and stayed for events enough."""
    n = np.bincount(data.interactions.users, minlength=data.n_users)
    return np.flatnonzero((first_times(data) >= moment) & (n >= LEAST) & (n > 0))


def scored(model: Recommender, data: Dataset, new: Rows, moment: float) -> dict[str, Scores]:
    """Return the scores of all items for each newcomer, (N, I), by what is known of them."""
    ranking, known, events = model.ranking, model.data, data.interactions
    heads = np.zeros(len(events), dtype=bool)
    heads[(events.bounds(data.n_users)[new][:, None] + np.arange(FIRST)).ravel()] = True
    early = data.with_interactions(events.where(heads))
    nameless = replace(early, users=replace(data.users, table=data.users.table.select([])))
    persons = people(nameless, new)
    nobody = Query(at=moment)
    silent = ranking.score([nobody])[0]
    popular = np.log1p(np.bincount(known.interactions.items, minlength=data.n_items))
    own = [Query(at=moment, features=traits) for traits in known.features(new)]
    had = known.with_interactions(early.interactions).queries(new, at=moment)
    told = [sentence(one.kinds, one.liked[:3], 0) for one in persons]
    as_request = [replace(nobody, text=model.hear(text)) if text else nobody for text in told]
    lists = {
        POPULARITY: np.tile(popular.astype(np.float32), (len(new), 1)),
        "says nothing": np.tile(silent, (len(new), 1)),
        "sentence as a request": ranking.score(as_request),
        "sentence, the fit's template": said(model, told, silent),
        "sentence, other words": said(model, [otherwise(one) for one in persons], silent),
        "sentence, categories alone": said(model, [by_kinds(one) for one in persons], silent),
        "five events": ranking.score(had),
    }
    if known.traits is not None:
        lists["columns of the users table"] = ranking.score(own)
    return lists


def said(model: Recommender, texts: list[str], silent: Scores) -> Scores:
    """Return what newcomers get who say something."""
    assert model.newcomers is not None
    rows = []
    for text in texts:
        own = model.newcomers.score(text, model.hear(text), model.knowledge) if text else 0.0
        rows.append(silent + own)
    return np.stack(rows)


def otherwise(person: Person) -> str:
    """Say what somebody likes in words that no fit has seen."""
    liked, kinds = person.liked[:3], person.kinds
    parts = [f"Mostly I watch {joined([kind.lower() for kind in kinds])}"] if kinds else []
    parts += [f"I really enjoyed {joined(liked)}"] if liked else []
    return "; ".join(parts)


def by_kinds(person: Person) -> str:
    """Say what somebody likes by categories alone."""
    return f"I enjoy {joined([kind.lower() for kind in person.kinds])} films" if person.kinds else ""


def quality(scores: Scores, data: Dataset, new: Rows) -> Any:
    """Return NDCG@10 of each newcomer's list."""
    events, bounds, found = data.interactions, data.interactions.bounds(data.n_users), scores.copy()
    targets = []
    for place, user in enumerate(new.tolist()):
        own = events.items[bounds[user] : bounds[user + 1]]
        found[place, own[:FIRST]] = -np.inf
        targets.append(np.setdiff1d(own[FIRST:], own[:FIRST]))
    lists = np.argsort(-found, axis=1, kind="stable")[:, :K]
    return ndcg(hits(lists, targets), counts(targets))


if __name__ == "__main__":
    main()
