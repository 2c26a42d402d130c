"""What every test shares: property tests that fit a busy machine."""

from hypothesis import settings

# A deadline would measure the machine's other work; fifty examples each keep the whole run short.
settings.register_profile("penchant", deadline=None, max_examples=50)
settings.load_profile("penchant")
