"""Models as they stand when a question is asked: those fitted in no time know all that came before."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from penchant.data.dataset import Dataset
from penchant.data.interactions import Interactions
from penchant.language.knowledge import Knowledge
from penchant.models.scorer import Scorer
from penchant.rank.blend import Sources
from penchant.rank.evidence import ItemEvidence, evidence_of
from penchant.rank.rehearsal import Questions


@dataclass(slots=True)
class Moment:
    """What is known up to one moment, and the models that were fitted on it so far, by name."""

    known: Interactions
    world: Dataset
    evidence: ItemEvidence
    fitted: dict[str, Scorer] = field(default_factory=dict)


@dataclass(slots=True)
class Moments:
    """`scorers` are fitted on `train`; the quick ones among them are fitted again, once for each moment."""

    train: Dataset
    scorers: Mapping[str, Scorer]
    knowledge: Knowledge
    met: dict[int, Moment] = field(default_factory=dict)

    def as_of(self, group: Questions, measured: Sources) -> tuple[Sources, ItemEvidence]:
        """Bring the measured models up to the moment of the questions, as when serving."""
        moment = self._moment(group.known)
        scorers = {name: self._fitted(name, moment) for name in measured.scorers}
        return Sources(scorers, measured.scales), moment.evidence

    def _moment(self, known: Interactions) -> Moment:
        """Return the moment of these very events: questions of one window share them."""
        if id(known) not in self.met:
            world = self.train.with_interactions(known) if len(known) else self.train
            self.met[id(known)] = Moment(known, world, evidence_of(world))
        return self.met[id(known)]

    def _fitted(self, name: str, moment: Moment) -> Scorer:
        scorer = self.scorers[name]
        if not getattr(scorer, "quick", False) or moment.world is self.train:
            return scorer
        if name not in moment.fitted:
            fresh = type(scorer)(half_life=scorer.half_life)  # type: ignore[attr-defined,call-arg]
            moment.fitted[name] = fresh.fit(moment.world, self.knowledge, rng=np.random.default_rng(0))
        return moment.fitted[name]
