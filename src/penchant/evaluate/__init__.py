"""Judge lists on later events: protocols, statistics, baselines, report."""

from penchant.evaluate.baselines import baselines
from penchant.evaluate.contest import Contender, Entrant
from penchant.evaluate.protocols import PROTOCOLS, protocol_named
from penchant.evaluate.report import Evaluation
from penchant.evaluate.run import evaluate

__all__ = ["PROTOCOLS", "Contender", "Entrant", "Evaluation", "baselines", "evaluate", "protocol_named"]
