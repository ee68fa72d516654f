"""The tests, which run as the product does: linear algebra on one thread, told before numpy is imported."""

from __future__ import annotations

from core.settings import environment_default

environment_default("OPENBLAS_NUM_THREADS", "1")
