"""What every test may use."""

pytest_plugins = [
    "tests.fixtures.sandbox",
    "tests.fixtures.audited",
    "tests.fixtures.nameserver",
    "tests.fixtures.clock",
]
