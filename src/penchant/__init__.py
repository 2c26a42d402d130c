"""Penchant: a recommender in which language models transfer what they know."""

from penchant.data.read import read
from penchant.errors import PenchantError
from penchant.recommender import Recommender

__all__ = ["PenchantError", "Recommender", "read"]
