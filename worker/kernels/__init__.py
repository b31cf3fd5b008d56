"""Compiled kernels: the one place where cleverness lives. docs/performance.md explains them.

Each has a slow, obviously right reference in `tests/worker/reference.py`, with which it agrees in every bit.
"""

import numba

from worker.compilation import cache_folder

# Before any function is made: numba looks here for what was compiled.
numba.config.CACHE_DIR = str(cache_folder())
