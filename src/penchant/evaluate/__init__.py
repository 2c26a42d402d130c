"""Judge lists on later events: protocols, baselines, intervals."""
