"""Shared by all tests: hypothesis without deadlines (shared machines are slow at times) and repeatable."""

from hypothesis import settings

settings.register_profile("embedlab", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("embedlab")
