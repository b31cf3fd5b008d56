"""What the processor can do that kernels make use of: where it cannot, they give the same bits, slower."""

from worker.processor import compiled_for

_features = compiled_for()
WIDE = "+avx512f" in _features
"""32 registers of 16 numbers each."""
FUSED = "+fma" in _features or "+neon" in _features
"""Fused multiply-add; where not, it is computed, much slower."""
CONVERTING = "+f16c" in _features or "+neon" in _features
"""From half precision to single, in one instruction; where not, it takes some."""
