"""Learning from requests beside a fitted ranking: words are told on the scale of what the asker likes."""

from collections.abc import Callable
from dataclasses import replace

from penchant.data.dataset import Dataset
from penchant.language.knowledge import Knowledge
from penchant.rank.ranking import Ranking
from penchant.rank.request_weight import askers
from penchant.requests.learned import Learned
from penchant.types import Rows, Scores


def learned_beside(
    ranking: Ranking, data: Dataset, knowledge: Knowledge, *, seed: int, say: Callable[[str], None]
) -> Learned | None:
    """Learn from the requests of a data set; None where too few of them have an answer."""

    def taste(rows: Rows) -> Scores:
        return ranking.score([replace(query, text=None) for query in askers(data, knowledge, rows)])

    model = Learned.fit(data, knowledge, taste=taste if len(data.interactions) else None, seed=seed)
    if model:
        first = sorted(model.shares().items(), key=lambda pair: -abs(pair[1]))[:3]
        told = ", ".join(f"{name} {weight:.2f}" for name, weight in first)
        say(f"learned from {model.learned_from:,} answered requests: {told}")
    return model
