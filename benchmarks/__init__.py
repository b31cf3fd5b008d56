"""Measurements of the worker, in alternation with the bare emulator and with what others use (docs/performance.md)."""
