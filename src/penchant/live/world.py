"""One bundle as a service holds it: the fitted recommender, what joined it since, and its clock."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from penchant import store
from penchant.errors import LanguageError
from penchant.explain.reasons import divided
from penchant.explain.wording import Lang
from penchant.language.encode import Encoder
from penchant.language.know import hear
from penchant.live.patience import patient
from penchant.models.popularity import Popularity
from penchant.rank.blend import Sources
from penchant.rank.evidence import ItemEvidence
from penchant.rank.single import Single
from penchant.recommender import Recommender
from penchant.requests.attributes import Attributes
from penchant.store.contents import MANIFEST
from penchant.store.reading import manifest_in
from penchant.types import Query, Reason, Rows, Scores, Vectors


@dataclass(frozen=True, slots=True)
class World:
    """`version` names the bundle, `made` is when it was (seconds UTC), `seen` the last record learned from.

    `fitted` counts its own items: those behind came in live. `attributes` are what filters ask, `single`
    scores one query at a time, `end` is the moment of its last event, `timed`: events had timestamps.
    """

    model: Recommender
    version: str
    made: float
    fitted: int
    attributes: Attributes
    single: Single
    encoder: Encoder | None = None
    seen: int = 0
    end: float = 0.0
    timed: bool = True

    @classmethod
    def load(cls, folder: Path, encoder: Encoder | None = None, seen: int = 0) -> "World":
        """Read the bundle's current version; raises BundleError where it is damaged."""
        version = store.current(folder)
        manifest = folder / "versions" / version / MANIFEST
        created = manifest_in(manifest.parent)["lineage"].get("created")
        made = float(created) if isinstance(created, int | float) else manifest.stat().st_mtime
        model = Recommender.load(folder, encoder)
        items, timed = model.data.items, model.data.interactions.clock == "time"
        return cls(
            model, version, made, len(items), Attributes.of(items), Single.of(model.ranking),
            patient(encoder or model.encoder or model.carried), seen, model.data.end, timed,
        )  # fmt: skip

    def moment(self, now: float) -> float:
        """Return a moment of the wall clock on the bundle's clock: its end, and the time since it was made.

        Moments of the log's own past are left as they are; without timestamps all of it is one moment.
        """
        if not self.timed:
            return self.end
        return now if now <= self.end else self.end + max(0.0, now - max(self.made, self.end))

    @property
    def ageing(self) -> float:
        """Seconds in which nothing gets noticeably older: a minute, or a 5,000th of the log."""
        return max(60.0, self.model.ranking.evidence.span / 5_000)

    def hear(self, text: str) -> Vectors | None:
        """Return the vector of a text; None where no language model is at hand, or it does not answer."""
        if self.encoder is None or not self.model.knowledge.raw.shape[1] or not text.strip():
            return None
        try:
            return np.asarray(hear([text], self.encoder, self.model.whitening)[0])
        except LanguageError:
            return None

    def explain(
        self, query: Query, rows: Rows, standard: Vectors | None = None, *, repeat: bool, lang: Lang
    ) -> list[list[Reason]]:
        """Return the reasons for items, adding up to their scores.

        `standard`, (K, k), are their standard scores where they are known, of lists that do not repeat.
        """
        if repeat:
            return self.model.explain(query, rows, repeat=True, lang=lang)
        slate, history, given, rest = self.single.divided(query, rows, standard)
        return divided(slate, query, history, given, rest, self.model.data.items, lang)

    def joined(self, model: Recommender) -> "World":
        """Return the world with items that joined."""
        attributes, single = Attributes.of(model.data.items), Single.of(model.ranking)
        return replace(self, model=model, attributes=attributes, single=single)

    def moved(self, scores: dict[str, Scores], evidence: ItemEvidence) -> "World":
        """Return the world with other popularities, by the name of their source, and other evidence."""
        sources = self.model.ranking.sources
        moved = {
            name: replace(scorer, scores=scores[name])
            if name in scores and isinstance(scorer, Popularity)
            else scorer
            for name, scorer in sources.scorers.items()
        }
        ranking = replace(self.model.ranking, sources=Sources(moved, sources.scales), evidence=evidence)
        model = replace(self.model, ranking=ranking)
        return replace(self, model=model, single=self.single.moved(ranking, scores))
