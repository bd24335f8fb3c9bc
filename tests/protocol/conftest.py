"""Hypothesis measures no time here: the machine may be busy, and nothing under test waits."""

from hypothesis import settings

settings.register_profile("sans-io", deadline=None)
settings.load_profile("sans-io")
