"""How good lists are: pure functions of arrays.

This room knows nothing of users, ids, models or tables. A list is judged by `hits`, shape (Q, k), and by
how many items there were to hit, shape (Q,); a shorter list is judged by `hits[:, :10]`.
"""

from penchant.metrics.coverage import coverage
from penchant.metrics.hits import counts, hits
from penchant.metrics.ranking import average_precision, hit_rate, mrr, ndcg, precision, recall

__all__ = [
    "average_precision",
    "counts",
    "coverage",
    "hit_rate",
    "hits",
    "mrr",
    "ndcg",
    "precision",
    "recall",
]
