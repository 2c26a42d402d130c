"""How good lists and predictions are: pure functions of arrays.

This room knows nothing of users, ids, models or tables. A list is judged by `hits`, shape (Q, k), and by
how many items there were to hit, shape (Q,); a shorter list is judged by `hits[:, :10]`. Predicted ratings
and probabilities are judged against what was given or clicked, row by row.
"""

from penchant.metrics.clicks import (
    Reliability,
    auc,
    auc_by_user,
    equal_clicks,
    expected_calibration_error,
    log_loss,
    log_losses,
    range_of,
    reliability,
)
from penchant.metrics.coverage import coverage, entropy, exposure, gini
from penchant.metrics.hits import counts, hits
from penchant.metrics.ranking import average_precision, f1, hit_rate, mrr, ndcg, precision, recall
from penchant.metrics.ratings import mae, rmse
from penchant.metrics.surprise import intra_list_diversity, novelty, serendipity

__all__ = [
    "Reliability",
    "auc",
    "auc_by_user",
    "average_precision",
    "counts",
    "coverage",
    "entropy",
    "equal_clicks",
    "expected_calibration_error",
    "exposure",
    "f1",
    "gini",
    "hit_rate",
    "hits",
    "intra_list_diversity",
    "log_loss",
    "log_losses",
    "mae",
    "mrr",
    "ndcg",
    "novelty",
    "precision",
    "range_of",
    "recall",
    "reliability",
    "rmse",
    "serendipity",
]
