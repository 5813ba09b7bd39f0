"""Property tests draw enough examples to find a fault, and a busy machine does not fail them."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "busy machine",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("busy machine")
