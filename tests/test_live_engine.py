"""The live engine: every event counts at the next request, and nothing is remembered wrongly."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

import served
import toy
from penchant.errors import InputError, UnknownIdError
from penchant.explain.reasons import divided
from penchant.live.asked import Asked, Boost, drawn
from penchant.live.trend import Met, Trend
from penchant.models.item_to_item import ItemToItem
from penchant.models.scorer import Scorer
from penchant.rank.evidence import ItemEvidence
from penchant.rank.ranking import Ranking
from penchant.rank.single import Single
from penchant.recommender import Recommender
from penchant.requests.wanted import Filter
from penchant.types import Query
from served import act


def even(ids: tuple[str, ...]) -> list[bool]:
    return [int(one) % 2 == 0 for one in ids]


def test_lists_are_those_of_the_command_line(tmp_path: Path) -> None:
    fitted = Recommender.load(served.bundle())
    with served.engine(tmp_path) as live:
        for user in ("120", "121", "nobody"):
            ours = live.recommend(Asked(user=user, k=5))
            theirs = fitted.recommend([user], k=5)
            assert list(ours.ids) == [str(one) for one in theirs["item_id"]]
            assert ours.scores == pytest.approx(theirs["score"].to_numpy(), abs=1e-4)


def test_an_event_counts_at_the_next_request_and_is_not_repeated(tmp_path: Path) -> None:
    with served.engine(tmp_path) as live:
        before = live.recommend(Asked(session="s", k=6))
        assert before.fallback == "popularity"
        one = next(name for name in before.ids if int(name) % 2 == 0)
        live.observe([act("", one, session="s")]).result()
        after = live.recommend(Asked(session="s", k=6))
        assert one not in after.ids
        assert after.fallback == ""
        assert sum(even(after.ids)) > sum(even(before.ids)) - 1
        other = live.recommend(Asked(session="t", k=6))
        assert other.fallback == "popularity"


def test_dislikes_push_similar_things_away(tmp_path: Path) -> None:
    with served.engine(tmp_path) as live:
        evens = [str(item) for item in toy.item_ids(toy.N_WARM) if int(item) % 2 == 0]
        live.observe([act("x", evens[0])]).result()
        liked = live.recommend(Asked(user="x", k=8))
        live.observe([act("x", evens[1], "dislike")]).result()
        disliked = live.recommend(Asked(user="x", k=8))
        score = dict(zip(disliked.ids, disliked.scores.tolist(), strict=True))
        for name, value in zip(liked.ids, liked.scores.tolist(), strict=True):
            if int(name) % 2 == 0 and name in score:
                assert score[name] < value


def test_a_history_given_along_is_scored_and_not_kept(tmp_path: Path) -> None:
    with served.engine(tmp_path) as live:
        item = str(toy.item_ids(toy.N_WARM)[0])
        told = live.recommend(Asked(history=[act("", item)], k=3))
        assert told.fallback == ""
        assert len(live.people) == 0
        live.unwritten.settle()
        assert live.journal.last() == 1  # the list that was shown


def test_memory_is_bounded_and_the_journal_remembers(tmp_path: Path) -> None:
    with served.engine(tmp_path, most_people=3) as live:
        items = [str(item) for item in toy.item_ids(toy.N_WARM)]
        for number in range(12):
            live.observe([act("", items[number % 5], session=f"s{number}")]).result()
            live.recommend(Asked(session=f"s{number}", k=3))
            assert len(live.people) <= 3
        again = live.recommend(Asked(session="s0", k=6))
        assert items[0] not in again.ids
        assert again.fallback == ""


def test_a_restart_remembers_everything(tmp_path: Path) -> None:
    items = [str(item) for item in toy.item_ids(toy.N_WARM)]
    with served.engine(tmp_path) as live:
        live.observe([act("x", items[0]), act("x", items[2], "dislike")]).result()
        live.keep(live.changed_items({"n1": {"title": "A loud battle"}})).result()
        live.decide("no", {"kind": "block", "items": [items[4]]}).result()
        live.consent("y", "none").result()
        before = live.recommend(Asked(user="x", k=30))
    with served.engine(tmp_path) as live:
        after = live.recommend(Asked(user="x", k=30))
        assert after.ids == before.ids
        assert after.scores == pytest.approx(before.scores, abs=1e-5)
        assert items[4] not in after.ids
        assert "n1" in live.world.model.data.items.vocabulary
        assert live.profile("y")["consent"] == "none"


def test_a_new_item_is_found_by_its_text_the_moment_it_is_posted(tmp_path: Path) -> None:
    with served.engine(tmp_path, "minilm") as live:
        quiet, loud = toy.WORDS
        live.keep(live.changed_items({"q": {"title": quiet}, "l": {"title": loud}})).result()
        for user in ("120", "121"):
            first = {name: at for at, name in enumerate(live.recommend(Asked(user=user, k=30)).ids)}
            assert (first["q"] < first["l"]) == (int(user) % 2 == 0)
        asked = live.recommend(Asked(text=loud, k=30))
        assert asked.ids.index("l") < asked.ids.index("q")
        assert live.recommend(Asked(items=("q",), k=40)).ids.index("l") > 2


def test_a_new_user_is_known_by_a_sentence(tmp_path: Path) -> None:
    with served.engine(tmp_path, "minilm") as live:
        live.keep(live.changed_users({"new": {"text": toy.WORDS[1]}})).result()
        told = live.recommend(Asked(user="new", k=5))
        assert told.fallback == ""
        assert sum(even(told.ids)) <= 1
        live.consent("new", "history").result()
        assert live.recommend(Asked(user="new", k=5)).fallback == "popularity"


@pytest.mark.parametrize("consent", ["full", "history", "profile", "none"])
def test_consent_is_honoured_by_every_path(tmp_path: Path, consent: str) -> None:
    remembered = consent in ("full", "history")
    items = [str(item) for item in toy.item_ids(toy.N_WARM)]
    with served.engine(tmp_path) as live:
        live.consent("120", consent).result()
        live.observe([act("120", items[1])]).result()
        asked = live.query(Asked(user="120"))
        assert (len(asked.rows) > 0) == remembered
        assert asked.features is None or consent in ("full", "profile")
        kept = live.journal.history("120", "")
        assert (len(kept) > 0) == remembered


def test_rules_by_hand_count_at_once(tmp_path: Path) -> None:
    with served.engine(tmp_path) as live:
        first = live.recommend(Asked(user="120", k=4)).ids
        live.decide("b", {"kind": "block", "items": [first[0]]}).result()
        assert first[0] not in live.recommend(Asked(user="120", k=30)).ids
        with pytest.raises(UnknownIdError):
            live.recommend(Asked(user="120", candidates=("nothing",)))
        assert live.recommend(Asked(user="120", candidates=(first[0],))).ids == ()
        live.decide("h", {"kind": "hide", "items": [first[1]]}).result()
        assert first[1] not in live.recommend(Asked(user="120", k=30)).ids
        assert live.recommend(Asked(user="120", candidates=(first[1],))).ids == (first[1],)
        last = live.recommend(Asked(user="120", k=30)).ids[-1]
        live.decide("p", {"kind": "pin", "items": [last]}).result()
        assert live.recommend(Asked(user="120", k=4)).ids[0] == last
        live.decide("b", None).result()
        assert first[0] in live.recommend(Asked(user="120", k=30)).ids
        live.decide("w", {"kind": "hold-new"}).result()
        live.keep(live.changed_items({"n1": {"title": "held"}})).result()
        assert "n1" not in live.recommend(Asked(user="120", k=40)).ids
        live.decide("a", {"kind": "approve", "items": ["n1"]}).result()
        assert "n1" in live.recommend(Asked(user="120", k=40)).ids
        with pytest.raises(InputError):
            live.decide("x", {"kind": "burn", "items": ["1"]})


def test_filters_boosts_and_repeats(tmp_path: Path) -> None:
    with served.engine(tmp_path) as live:
        plain = live.recommend(Asked(user="120", k=30))
        last = plain.ids[-1]
        boosted = live.recommend(Asked(user="120", k=30, boosts=(Boost(1e6, (last,)),)))
        assert boosted.ids[0] == last
        had = live.query(Asked(user="120")).rows
        names = set(live.world.model.data.items.vocabulary.texts(had))
        assert not names & set(plain.ids)
        assert names <= set(live.recommend(Asked(user="120", k=40, repeat=True)).ids)
        with pytest.raises(InputError):
            live.recommend(Asked(user="120", filters=(Filter("colour", tokens=("red",)),)))


def test_why_adds_up_and_knows_older_lists(tmp_path: Path) -> None:
    with served.engine(tmp_path) as live:
        shown = live.recommend(Asked(user="120", k=3))
        why = live.why(shown.id, shown.ids[1])
        assert why.exact
        assert sum(one.share for one in why.reasons) == pytest.approx(why.score, abs=1e-3)
        assert sum(why.sources.values()) == pytest.approx(why.score, abs=1e-3)
        assert why.position == 2
        live.shown.clear()
        live.unwritten.settle()
        later = live.why(shown.id, shown.ids[1])
        assert not later.exact
        assert later.score == pytest.approx(why.score, abs=1e-6)
        with pytest.raises(UnknownIdError):
            live.why(shown.id, "nothing")


def test_a_clock_that_jumps_back_breaks_nothing(tmp_path: Path) -> None:
    clock = served.Clock()
    with served.engine(tmp_path, clock=clock) as live:
        items = [str(item) for item in toy.item_ids(toy.N_WARM)]
        for step in (0.0, 1e6, -5e6, -1e9, 2.0):
            clock.now = served.END + step
            live.observe([act("x", items[3])]).result()
            assert len(live.recommend(Asked(user="x", k=5)).ids) == 5


def test_a_catalogue_emptied_while_serving_gives_empty_lists(tmp_path: Path) -> None:
    with served.engine(tmp_path) as live:
        ids = [str(item) for item in toy.item_ids(toy.N_ITEMS)]
        live.remove_items(ids).result()
        assert live.recommend(Asked(user="120", k=5)).ids == ()
        with pytest.raises(UnknownIdError):
            live.item(ids[0])


@given(heat=st.floats(0.05, 5), seed=st.integers(0, 2**32))
def test_propensities_of_drawn_lists_are_those_of_plackett_and_luce(heat: float, seed: int) -> None:
    scores = np.array([2.0, 1.0, 0.0, -1.0], dtype=np.float32)
    order, chances = drawn(scores, 4, heat, np.random.default_rng(seed))
    odds = np.exp((scores - 2.0) / heat)
    for at, chance in enumerate(chances.tolist()):
        left = odds[order[at:]].sum()
        assert chance == pytest.approx(odds[order[at]] / left if left else 0.0, rel=1e-3, abs=1e-30)


def test_popularity_moves_as_a_fit_on_all_events_would() -> None:
    world = toy.world()
    events = world.data.interactions
    cut = np.quantile(events.times, 0.7)
    from penchant.models.popularity import Popularity

    rng = np.random.default_rng(0)
    whole = Popularity(half_life=20 * toy.DAY).fit(world.data, world.knowledge, rng=rng)
    before = world.data.with_interactions(events.where(events.times < cut))
    part = Popularity(half_life=20 * toy.DAY).fit(before, world.knowledge, rng=rng)
    trend = Trend(part, before.interactions, world.data.n_items)
    later = events.where(events.times >= cut)
    order = np.argsort(later.times)
    for at in order:
        trend.add([int(later.items[at])], later.times[at : at + 1], later.weights[at : at + 1])
    assert trend.scores() == pytest.approx(whole.scores, abs=1e-4)
    met = Met(ItemEvidence.of(before.interactions, world.data.n_items))
    met.add(later.items, later.times)
    told, fitted = met.evidence(), ItemEvidence.of(events, world.data.n_items)
    assert told.counts.tolist() == fitted.counts.tolist()
    assert told.first.tolist() == fitted.first.tolist()


def test_an_item_that_is_met_is_new_no_more(tmp_path: Path) -> None:
    cold = str(toy.item_ids(toy.N_ITEMS)[toy.N_WARM])
    with served.engine(tmp_path) as live:
        row = live.world.model.data.items.vocabulary.row(cold)
        assert live.world.single.cold[row] == 1.0
        live.observe([act("x", cold), act("y", cold)]).result()
        live.moved = 0.0
        live.recommend(Asked(user="z", k=5))
        assert live.world.single.cold[row] == 0.0
        assert live.world.model.ranking.evidence.counts[row] == 2
        assert live.world.single.score(Query(rows=np.array([0]))) == pytest.approx(
            live.world.model.ranking.score([Query(rows=np.array([0]))])[0], abs=1e-4
        )


def among_neighbours(ranking: Ranking) -> Ranking:
    """The same with closed forms as large catalogues have them: sparse, and not over all items."""
    known: dict[int, sp.csr_matrix] = {}
    scorers: dict[str, Scorer] = {}
    for name, scorer in ranking.sources.scorers.items():
        if isinstance(scorer, ItemToItem):
            sparse = known.setdefault(id(scorer.weights), sp.csr_matrix(scorer.weights[1:, 1:]))
            scorer = replace(scorer, weights=sparse, active=scorer.active[1:])
        scorers[name] = scorer
    return replace(ranking, sources=replace(ranking.sources, scorers=scorers))


@pytest.mark.parametrize("large", [False, True])
def test_single_queries_score_as_batches_do(large: bool) -> None:
    fitted = Recommender.load(served.bundle("minilm"))
    fitted = replace(fitted, ranking=among_neighbours(fitted.ranking)) if large else fitted
    single, ranking = Single.of(fitted.ranking), fitted.ranking
    text = fitted.knowledge.raw[3]
    queries = [
        *fitted.data.queries()[:6], Query(), Query(text=text),
        Query(features=fitted.data.queries()[0].features),
        Query(wanted=np.array([2, 5]), unwanted=np.array([1]), text=text, at=served.END),
    ]  # fmt: skip
    rows = np.array([3, 0, 7, 11])
    for query in queries:
        scores, standard = single.scored(query)
        assert scores == pytest.approx(ranking.score([query])[0], abs=1e-4)
        whole = fitted.explain(query, rows)
        known = standard if standard is None else standard[:, rows]
        slate, history, given, rest = single.divided(query, rows, known)
        for place, told in enumerate(divided(slate, query, history, given, rest, fitted.data.items)):
            shares = {(reason.text, reason.items): reason.share for reason in told}
            assert shares == pytest.approx({(r.text, r.items): r.share for r in whole[place]}, abs=1e-4)
            assert sum(shares.values()) == pytest.approx(scores[rows[place]], abs=1e-3)
