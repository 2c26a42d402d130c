"""Public data sets by name: fetched, checked by hash, written whole or not at all."""

from penchant.data.sources.fetching import FAMILIES, SOURCES, fetch, listed, source_named

__all__ = ["FAMILIES", "SOURCES", "fetch", "listed", "source_named"]
