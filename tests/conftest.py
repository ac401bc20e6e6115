"""What every test may ask for. Fixtures that need a broker or a database start it only when asked."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    deadline=None,  # two cores are shared by several workers; speed is the benchmarks' concern
    derandomize=True,  # a seed that fails here fails everywhere
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")
