"""Intervals that may be looked at at any moment: peeking, and stopping when one likes, is safe.

Means: the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (Annals of
Statistics 52(6), 2024), μ̂ ± σ̂ √( 2(nρ²+1)/(n²ρ²) · ln(√(nρ²+1)/α) ). Shares of independent yes and no: the
beta-binomial mixture (Robbins 1970), exact at every n.
"""

from math import exp, inf, lgamma, log, log1p, sqrt
from typing import NamedTuple

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

Column = NDArray[np.float64]
FEWEST = 30
"""People who accepted some list, and people who left some, below which nothing is said: the sequence holds as
numbers grow, and with rare acceptances fewer would do too little (simulated: 3 % of skewed people)."""
TARGET = 1_000
"""People at which the interval is meant to be narrowest for what it covers."""
DRAWS = 20_000


class Bounds(NamedTuple):
    """A number with the ends of its interval."""

    mean: float
    low: float
    high: float


def ratio(done: Column, shown: Column) -> tuple[float, float]:
    """Return Σ done / Σ shown over people, (P,) each, and the variance of one person's share in it.

    By linearisation, Var(done − R·shown) / mean(shown)², people being what is drawn: lists of one person are
    alike. Half a yes and half a no of one list each are counted to the variance, so that it is never 0.
    """
    if not len(shown) or not shown.sum():
        return 0.0, inf
    found = float(done.sum() / shown.sum())
    centred = (float(done.sum()) + 0.5) / (float(shown.sum()) + 1.0)
    left = done - found * shown
    spread = float(left @ left) + centred**2 / 2 + (1 - centred) ** 2 / 2
    return found, spread / len(shown) / float(shown.mean()) ** 2


def width(variance: float, n: float, alpha: float = 0.05, target: int = TARGET) -> float:
    """Return half the width of the interval of a mean of n terms of a variance, valid at all n at once."""
    if n < 1 or not variance < inf:
        return inf
    rho = (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / target  # ρ², best at n = target
    grown = n * rho + 1
    return sqrt(variance) * sqrt(2 * grown / (n * n * rho) * log(sqrt(grown) / alpha))


def enough(done: Column, shown: Column) -> bool:
    """Tell whether there are people enough on either side for an interval."""
    return min(int((done > 0).sum()), int((done < shown).sum())) >= FEWEST


def acceptance(done: Column, shown: Column, alpha: float = 0.05) -> Bounds | None:
    """Return the share of lists that were acted upon, by person (P,); None while there are too few people."""
    if not enough(done, shown):
        return None
    mean, variance = ratio(done, shown)
    half = width(variance, len(shown), alpha)
    return Bounds(mean, max(0.0, mean - half), mean + half)


def difference(
    first: tuple[Column, Column], second: tuple[Column, Column], alpha: float = 0.05
) -> Bounds | None:
    """Return the difference second − first of ratios over different people; None with too few of either."""
    counts = len(first[1]), len(second[1])
    if not (enough(*first) and enough(*second)):
        return None
    (low, a), (high, b) = ratio(*first), ratio(*second)
    n = sum(counts)
    half = width(n * (a / counts[0] + b / counts[1]), n, alpha)
    return Bounds(high - low, high - low - half, high - low + half)


def best(arms: list[tuple[Column, Column]], seed: int = 0) -> list[float]:
    """Return how probable it is that each arm has the highest share, given what was seen.

    Beta posteriors from a flat start; the lists of people who get many count as fewer, by the design effect
    (the variance between people over that of independent lists).
    """
    rng, drawn = default_rng(seed), []
    for done, shown in arms:
        mean, variance = ratio(done, shown)
        lists = float(shown.sum())
        # variance of the ratio is `variance / P`; of independent lists it would be m(1 − m) / lists
        alone = max(mean * (1 - mean), 1e-9) / max(lists, 1.0)
        effect = max(1.0, variance / len(shown) / alone) if len(shown) > 1 else 1.0
        yes, no = mean * lists / effect, (1 - min(1.0, mean)) * lists / effect
        drawn.append(rng.beta(1 + yes, 1 + no, DRAWS))
    if not drawn:
        return []
    first = np.argmax(np.stack(drawn), axis=0)
    return [float(share) for share in np.bincount(first, minlength=len(arms)) / DRAWS]


def evidence(wins: int, losses: int, share: float = 0.5) -> float:
    """Return ln of the mixture likelihood ratio against a share of wins: above ln(1/α) it is refused, at any
    moment, with a chance of error of α at most.

    >>> round(evidence(5, 5), 3)
    -0.996
    """
    mixed = lgamma(1 + wins) + lgamma(1 + losses) - lgamma(2 + wins + losses)
    if not 0 < share < 1:
        return inf if (wins if share <= 0 else losses) else mixed
    return mixed - wins * log(share) - losses * log1p(-share)


def chance(wins: int, losses: int) -> float:
    """Return the p value, valid at any moment, of as many preferring the one side as the other."""
    return min(1.0, exp(-min(700.0, evidence(wins, losses))))


def share(wins: int, losses: int, alpha: float = 0.05) -> Bounds | None:
    """Return the share of wins with its interval; None before the first."""
    n = wins + losses
    if not n:
        return None
    middle = wins / n

    def edge(outer: float) -> float:
        inner = middle
        if evidence(wins, losses, outer) < -log(alpha):
            return outer
        for _ in range(60):
            half = (outer + inner) / 2
            if evidence(wins, losses, half) < -log(alpha):
                inner = half
            else:
                outer = half
        return inner

    return Bounds(middle, edge(0.0), edge(1.0))
