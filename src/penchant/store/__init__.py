"""Bundles on disk: arrays, tables and plain values, written whole or not at all, read back by hash.

    MODEL/CURRENT                          the name of the version that counts, replaced atomically
    MODEL/versions/HASH/penchant.json      format, lineage, which name is which file, plain values
    MODEL/versions/HASH/SHA256.npy         an array, under the hash of its bytes: equal ones are stored once
    MODEL/versions/HASH/SHA256.parquet     a table

This room must not know what a bundle is for, nor what the names in it mean. It runs and unpickles nothing
that it reads, and looks at no clock.
"""

from penchant.store.contents import FORMAT, Contents
from penchant.store.reading import current, read
from penchant.store.writing import write

__all__ = ["FORMAT", "Contents", "current", "read", "write"]
