"""The command line: one file a verb; the only room that reads arguments and the environment.

stdout is data, everything else goes to stderr; a wrong input ends with one clear message and status 2.
"""

from penchant.cli.main import VERBS, application, main

__all__ = ["VERBS", "application", "main"]
