"""The balance of recent and long-term taste: learned from what a person takes, and exact in every score."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import served
import toy
from penchant.live import balance
from penchant.live.asked import Asked
from penchant.live.balance import PRIOR, WIDEST, Balance, untaught
from penchant.live.candidates import Candidates
from penchant.live.engine import Engine
from penchant.rank.horizons import LONG, RECENT, directions
from penchant.rank.single import Single
from penchant.recommender import Recommender
from served import act

ITEMS = [str(item) for item in toy.item_ids(toy.N_WARM)]


@given(st.integers(0, 1_000), st.floats(-2.0, 2.0))
def test_a_balance_that_is_there_is_found(seed: int, true: float) -> None:
    rng, found = np.random.default_rng(seed), Balance()
    true = float(np.clip(true, -0.6, 0.6))
    for _ in range(400):
        scores, added = rng.normal(size=30).astype(np.float32), rng.normal(size=30).astype(np.float32)
        drawn = np.argmax(scores + true * added + rng.gumbel(size=30))
        found = found.after(Candidates.of(1, scores + found.value * added, added), np.array([drawn]))
    assert abs(found.value - true) < 0.25
    assert found.precision > PRIOR


def test_a_step_is_the_gradient_of_the_likelihood_and_stays_in_its_bounds() -> None:
    rng = np.random.default_rng(3)
    scores, added = rng.normal(size=40).astype(np.float32), rng.normal(size=40).astype(np.float32)

    def likelihood(b: float) -> float:
        odds = (scores + b * added).astype(np.float64)
        return float(odds[[4, 9]].mean() - np.log(np.exp(odds).sum()))

    slope = (likelihood(0.2 + 1e-4) - likelihood(0.2 - 1e-4)) / 2e-4
    after = Balance(0.2, 5.0).after(Candidates.of(1, scores + 0.2 * added, added), np.array([4, 9]))
    assert after.precision * (after.value - 0.2) == pytest.approx(slope, abs=1e-2)
    assert (
        Balance().after(Candidates.of(1, scores, 1e3 * added), np.array([int(np.argmax(added))])).value
        <= WIDEST
    )
    scores[7] = -np.inf
    assert Balance().after(Candidates.of(1, scores, added), np.array([7])) == Balance()


def test_scores_shares_and_units_follow_the_balance_exactly() -> None:
    fitted = Recommender.load(served.bundle())
    single, ranking, rows = Single.of(fitted.ranking), fitted.ranking, np.arange(12)
    for query in fitted.data.queries()[:4]:
        plain, tilted = ranking.slate(query, rows), replace(query, balance=0.5)
        slate, (scores, added) = ranking.slate(tilted, rows), single.sides(query)
        standard = single.scored(tilted)[1]
        assert standard is not None
        assert single.added(tilted, rows, standard[:, rows]) == pytest.approx(added[rows], abs=1e-4)
        assert single.score(tilted) == pytest.approx(scores + 0.5 * added, abs=1e-4)
        assert ranking.score([query, tilted])[1] == pytest.approx(scores + 0.5 * added, abs=1e-4)
        assert slate.scores == pytest.approx((scores + 0.5 * added)[rows], abs=1e-4)
        for name, share in slate.shares.items():
            factor = 1.5 if name in RECENT else 0.5 if name in LONG else 1.0
            assert share == pytest.approx(factor * plain.shares[name], abs=1e-4)
            assert single.divided(tilted, rows)[0].shares[name] == pytest.approx(share, abs=1e-4)
        for name, unit in ranking.unit(tilted, rows).items():
            assert unit == pytest.approx(
                (1 + 0.5 * float(directions([name])[0])) * ranking.unit(query, rows)[name], abs=1e-5
            )
        again = ranking.score([query, tilted], repeat=True)
        assert again[0] == pytest.approx(again[1])


def test_it_is_learned_from_new_things_alone_and_read_again_from_the_journal(tmp_path: Path) -> None:
    with served.engine(tmp_path) as live:
        live.observe([act("x", ITEMS[0])]).result()
        live.recommend(Asked(user="x", k=5))
        person = live.people.get(("x", ""))
        assert (person.balance, person.untaught) == (0.0, 0)  # nothing was known before it
        live.observe([act("x", ITEMS[1], "dislike"), act("x", ITEMS[0]), act("x", "unknown")]).result()
        live.recommend(Asked(user="x", k=5))
        assert person.balance == 0.0  # not wanted, not new, not known
        for place in (2, 4, 6):
            live.observe([replace(act("x", ITEMS[place]), time=served.END + place)]).result()
            given_ = live.recommend(Asked(user="x", k=5))
        assert 0 < abs(person.balance) <= WIDEST
        assert given_.query.balance == person.balance
        why = live.why(given_.id, given_.ids[0])
        assert sum(why.sources.values()) == pytest.approx(float(given_.scores[0]), abs=1e-4)
        assert live.people.get(("y", "")).balance == 0.0
    with served.engine(tmp_path) as live:
        live.recommend(Asked(user="x", k=5))
        assert live.people.get(("x", "")).balance == pytest.approx(
            person.balance,
            abs=2e-2,  # what is known of items moved since
        )


def test_work_is_bounded_and_what_happened_at_one_time_is_one_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served.engine(tmp_path) as live:
        acts = [replace(act("x", item), time=served.END + n // 2) for n, item in enumerate(ITEMS[:8])]
        live.observe(acts).result()
        person, world, query = live.people.get(("x", "")), live.world, live.query(Asked(user="x"))
        moments = untaught(person, query, world, live.weight)
        assert [len(rows) for _, rows in moments] == [2, 2, 2]  # before the first one nothing was known
        assert [len(query.rows) for query, _ in moments] == [2, 4, 6]
        monkeypatch.setattr(balance, "LATEST", 4)
        assert len(untaught(person, query, world, live.weight)) == 2
        monkeypatch.setattr(balance, "WORK", 2 * world.model.data.n_items)
        assert len(untaught(person, query, world, live.weight)) == 1


@pytest.mark.parametrize("consent", ["profile", "none"])
def test_nothing_is_learned_without_consent(tmp_path: Path, consent: str) -> None:
    with served.engine(tmp_path) as live:
        live.observe([replace(act("x", ITEMS[n]), time=served.END + n) for n in range(0, 12, 2)]).result()
        live.recommend(Asked(user="x", k=5))
        assert live.people.get(("x", "")).balance != 0.0
        live.consent("x", consent).result()
        assert live.recommend(Asked(user="x", k=5)).query.balance == 0.0
        assert live.people.get(("x", "")).balance == 0.0


def test_what_a_list_chose_from_is_learned_from_without_scoring_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, found = "120", list[float]()
    for again in (False, True):
        (tmp_path / str(again)).mkdir()
        monkeypatch.setattr(Engine, "_move", lambda self, force=False: None)  # what is known of items stays
        with served.engine(tmp_path / str(again)) as live:
            first = live.recommend(Asked(user=known, k=5))
            if again:
                live.people.get((known, "")).candidates = None
            else:
                monkeypatch.setattr(Single, "sides", None)  # scoring again would fail
            live.observe([replace(act(known, first.ids[2]), time=served.END + 1)]).result()
            found.append(live.recommend(Asked(user=known, k=5)).query.balance)
            monkeypatch.undo()
    assert found[0] == pytest.approx(found[1], abs=1e-3) and found[0] != 0.0
