"""From a log to the lessons of a language model: where behaviour puts items, and who took what.

Lessons hold what the rehearsal's training part holds: neither its last slice of time nor the items that it
made cold, whose events are the exam. So vectors of a model that was taught like this do not know the answers
on which the blend learns to trust them.
"""

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from penchant.data.dataset import Dataset
from penchant.data.split import without_items
from penchant.errors import SettingError
from penchant.language.adapt.lessons import Exam, Lessons
from penchant.models.algebra import directions
from penchant.models.history import histories, times_dense
from penchant.models.item_to_item import DENSE, active_items, pairs
from penchant.models.similarity import Similarity
from penchant.rank.rehearsal import Rehearsal, rehearse, sample
from penchant.types import NO_ROWS, Query, Rows, Vectors

TEACHER_L2, RANK, HELD = 200.0, 128, 0.1
"""Of the teacher EASE; directions of taste; part of the items held out where there is no time."""
FEWEST, MOST, ASKED = 30, 20_000, 2_000
"""Items that lessons need; people and requests that they use at most; people whom the exam asks."""
FLAT = np.zeros((0, 0), dtype=np.float32)


def lessons_of(data: Dataset, texts: Sequence[str], seed: int, *, events: bool = True) -> Lessons:
    """Return the lessons of a data set, whose items have `texts` ("" for none).

    `events` says whether events are needed; where they are not, and there are too few, texts alone teach.

    Raises:
        SettingError: too few items have both events and a text, or too few have a text.
    """
    told = np.array([bool(text.strip()) for text in texts], dtype=bool)
    if not events and np.count_nonzero(told & (data.item_counts() > 0)) < FEWEST:
        return _texts_alone(data, texts, told, seed)
    rehearsal = _with_cold_items(data, rehearse(data, np.random.default_rng(seed)), seed)
    train = rehearsal.train
    active = active_items(train, cap=DENSE)
    usable = np.flatnonzero(told[active])
    if len(usable) < FEWEST:
        raise SettingError(
            f"adapt: {len(usable)} items have both events and a text; {FEWEST} are the least",
            hint="bring titles or texts of what people take, or learn from texts alone: --tasks mlm",
        )
    x = pairs(train)
    teacher = Similarity(l2=TEACHER_L2).solve(x[:, active], FLAT)
    tastes = directions(teacher, RANK, np.random.default_rng(seed))
    places = (teacher.T @ tastes)[usable]
    spread = float(places.std()) or 1.0
    users = _some(np.flatnonzero(np.diff(x.indptr)), seed)
    people = _placed(train.queries(users), train.n_items, active, tastes)
    items = active[usable]
    taken = sp.csr_matrix(x[users][:, items].sign(), dtype=np.float32)
    raters, rated, stars = _stars(train, users, items)
    asked, answers = _requests(train, items, rehearsal.cold, seed)
    return Lessons(
        texts=texts,
        items=items,
        places=np.asarray(places / spread, dtype=np.float32),
        people=people,
        taken=taken,
        exam=_exam(data, rehearsal, told, active, tastes, seed),
        raters=raters,
        rated=rated,
        stars=stars,
        scale=train.scale,
        requests=asked,
        answers=answers,
        unlabelled=np.setdiff1d(np.flatnonzero(told & ~rehearsal.cold), items),
    )


def _texts_alone(data: Dataset, texts: Sequence[str], told: np.ndarray, seed: int) -> Lessons:
    """Return lessons about all items that have a text, without anything about people."""
    items = np.flatnonzero(told)
    if len(items) < FEWEST:
        raise SettingError(
            f"adapt: {len(items)} items have a text; {FEWEST} are the least",
            hint="bring titles or texts of items",
        )
    asked, answers = _requests(data, items, np.zeros(data.n_items, dtype=bool), seed)
    return Lessons(
        texts=texts,
        items=items,
        places=np.zeros((len(items), 0), dtype=np.float32),
        people=FLAT,
        taken=sp.csr_matrix((0, len(items)), dtype=np.float32),
        exam=Exam(FLAT, NO_ROWS, []),
        requests=asked,
        answers=answers,
    )


def _with_cold_items(data: Dataset, found: Rehearsal, seed: int) -> Rehearsal:
    """Hold items out where the rehearsal made none cold: a log without times, or a short one."""
    if found.cold.any():
        return found
    warm = np.flatnonzero(found.train.item_counts())
    rows = np.random.default_rng(seed).permutation(warm)[: int(HELD * len(warm))]
    cold = np.zeros(data.n_items, dtype=bool)
    cold[rows] = True
    kept = without_items(found.train.interactions, np.sort(rows), data.n_items)[0]
    return Rehearsal(found.train.with_interactions(kept), found.questions, cold)


def _some(rows: Rows, seed: int) -> Rows:
    return rows[sample(len(rows), MOST, np.random.default_rng(seed))]


def _placed(queries: Sequence[Query], n_items: int, active: Rows, tastes: Vectors) -> Vectors:
    return times_dense(histories(queries, n_items)[:, active], tastes)


def _exam(
    data: Dataset, rehearsal: Rehearsal, told: np.ndarray, active: Rows, tastes: Vectors, seed: int
) -> Exam:
    """Ask everybody about the cold items that have a text, of whatever time: the slice alone asks too few."""
    items, train = np.flatnonzero(rehearsal.cold & told), rehearsal.train
    events = data.interactions
    held = events.where(np.isin(events.items, items) & (events.weights > 0))
    users = np.intersect1d(held.users, train.interactions.users)
    users = users[sample(len(users), ASKED, np.random.default_rng(seed))]
    starts = np.searchsorted(held.users, users), np.searchsorted(held.users, users, side="right")
    answers = [np.unique(held.items[a:b]) for a, b in zip(*starts, strict=True)]
    return Exam(_placed(train.queries(users), train.n_items, active, tastes), items, answers)


def _stars(train: Dataset, users: Rows, items: Rows) -> tuple[Rows, Rows, Vectors]:
    """Return who rated what how, as places among `users` and `items`."""
    if train.scale is None:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    events = train.interactions.valued()
    events = events.where(np.isin(events.users, users) & np.isin(events.items, items))
    return np.searchsorted(users, events.users), np.searchsorted(items, events.items), events.values


def _requests(train: Dataset, items: Rows, cold: np.ndarray, seed: int) -> tuple[list[str], Rows]:
    """Return requests with the first of their answers that is taught, as a place among `items`."""
    place = np.full(train.n_items, -1)
    place[items] = np.arange(len(items))
    found = [
        (text, [place[row] for row in rows if place[row] >= 0])
        for text, rows in train.requests.select("text", "items").iter_rows()
        if rows is not None and not cold[rows].any()
    ]
    able = [(text, rows[0]) for text, rows in found if rows]
    kept = sample(len(able), MOST, np.random.default_rng(seed))
    answers = np.array([able[row][1] for row in kept], dtype=np.int64)
    return [able[row][0] for row in kept], answers
