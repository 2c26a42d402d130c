"""Learning from words beside a fitted ranking: they are told on the scale of what the asker likes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from penchant.data.dataset import Dataset
from penchant.language.cache import VectorCache
from penchant.language.choose import WEB, load_encoder
from penchant.language.know import hear
from penchant.language.knowledge import Knowledge
from penchant.language.lsa import LatentSemantics
from penchant.language.remote import RemoteEncoder
from penchant.language.texts import Texts
from penchant.rank.ranking import Ranking
from penchant.rank.request_weight import askers
from penchant.requests.learned import Learned
from penchant.requests.newcomers import Newcomers
from penchant.types import Rows, Scores, Vectors


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


def newcomers_beside(
    ranking: Ranking,
    data: Dataset,
    texts: Texts,
    cache: Path | None,
    *,
    seed: int,
    say: Callable[[str], None],
) -> Newcomers | None:
    """Learn of people who say what they like; by nearness alone where a URL, which costs, reads the texts."""
    encoder = texts.encoder

    def read(said: Sequence[str]) -> Vectors:
        reader = load_encoder(encoder) if isinstance(encoder, str) else encoder
        kept = VectorCache(cache) if cache and not isinstance(reader, LatentSemantics) else None
        return hear(said, reader, texts.whitening, kept)

    name = encoder if isinstance(encoder, str) else ""
    paid = isinstance(encoder, RemoteEncoder) or any(web in name for web in WEB)
    return Newcomers.fit(ranking, data, texts.knowledge, None if paid else read, seed=seed, say=say)
