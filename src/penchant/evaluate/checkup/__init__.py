"""A check-up of the tables before anything is learned: facts, one screen, one page."""
