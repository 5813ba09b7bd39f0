"""Properties are about results: on a shared machine a slow example proves nothing."""

from hypothesis import settings

settings.register_profile("shared machine", deadline=None, max_examples=60)
settings.load_profile("shared machine")
