"""What a worker tells of its processor."""

from pathlib import Path

import pytest

from worker import processor as module
from worker.processor import described_processor, processor


@pytest.mark.parametrize(("flags", "is_slower"), [("sse2 fma avx2", False), ("sse2 fma4 avx", True)])
def test_a_processor_without_fused_multiply_add_is_announced_as_slower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, is_slower: bool
) -> None:
    told = tmp_path / "cpuinfo"
    told.write_text(f"model name\t: {'Old ' * 60}\nflags\t: {flags}\n\nmodel name\t: another\n")
    monkeypatch.setattr(module, "INFORMATION", told)
    processor.cache_clear()
    try:
        words = described_processor()
    finally:
        processor.cache_clear()

    assert ("slower" in words) == is_slower
    assert words.startswith("Old Old")
    assert len(words) <= 200
