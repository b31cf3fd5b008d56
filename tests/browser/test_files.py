"""What the dashboard is made of: vendored bytes, a page without inline code, small files, nothing from elsewhere."""

import hashlib
import re
from pathlib import Path

FRONTEND = Path(__file__).parents[2] / "frontend"
TYPES = {".js", ".css", ".html"}
OWN = sorted(path for path in FRONTEND.rglob("*") if path.suffix in TYPES and "vendor" not in path.parts)
LISTED = re.compile(r"^\| `([^`]+)` .* `([0-9a-f]{64})` \|$", re.MULTILINE)
"""A row of vendor/README.md: the file and its SHA-256."""
XML_NAMESPACE = "http://www.w3.org/2000/svg"


def test_what_is_vendored_has_the_digest_that_is_written_beside_it() -> None:
    listed = dict(LISTED.findall((FRONTEND / "vendor/README.md").read_text()))
    assert set(listed) == {path.name for path in (FRONTEND / "vendor").glob("*.js")}
    for name, digest in listed.items():
        assert hashlib.sha256((FRONTEND / "vendor" / name).read_bytes()).hexdigest() == digest


def test_the_page_has_no_inline_script_or_style() -> None:
    page = (FRONTEND / "index.html").read_text()
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)


def test_nothing_is_named_that_lies_on_another_host() -> None:
    for path in OWN:
        addresses = set(re.findall(r"""["'(]((?:https?:)?//[^"'()\s]+)""", path.read_text()))
        assert addresses <= {XML_NAMESPACE}, path


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    for path in OWN:
        lines = path.read_text().splitlines()
        assert len(lines) <= 300, path
        assert max(map(len, lines)) <= 120, path


def test_every_style_sheet_is_linked_and_every_token_that_is_used_exists() -> None:
    page = (FRONTEND / "index.html").read_text()
    sheets = sorted((FRONTEND / "styles").glob("*.css"))
    assert [sheet.name for sheet in sheets if f"/static/styles/{sheet.name}" not in page] == []
    tokens = set(re.findall(r"^\s+(--[\w-]+):", (FRONTEND / "styles/tokens.css").read_text(), re.MULTILINE))
    for sheet in sheets:
        assert set(re.findall(r"var\((--[\w-]+)", sheet.read_text())) <= tokens, sheet
