"""The dashboard's files: index.html for its pages, everything else below /static.

A page names its scripts and styles below `/static/v-<fingerprint>/`, so browsers may keep them for ever: another
version of the files has another path, and modules that import each other relatively stay within one version.

A page has some ninety of them, so each is read and packed once and then served from memory.
"""

import gzip
import hashlib
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

FRONTEND = Path(str(files("frontend")))
BORROWED = {"documentation.css": Path(__file__).with_name("documentation.css")}
"""Files served below /static that do not lie in frontend/."""
CLASSIC = {"theme-boot.js", "vendor/plotly-cartesian.min.js"}
"""Scripts that are no modules."""
MEDIA_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
"""What is served at all; the machine's own table of types is not to be trusted."""
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
VERSION = "v-"


class Asset(NamedTuple):
    """A file's bytes, plain and by gzip."""

    plain: bytes
    packed: bytes


@dataclass(frozen=True)
class Version:
    """The files as they lie there. `fingerprint`: sixteen hex digits that change whenever a file does."""

    fingerprint: str
    paths: dict[str, Path]
    """By what stands after /static/ in an address. Nothing else is served, so that no address leads elsewhere."""
    assets: dict[str, Asset] = field(default_factory=dict)
    """Those that were asked for."""

    async def read(self, name: str) -> Asset:
        """One of `paths`, from memory but for the first time."""
        if name not in self.assets:
            # In a thread: packing the charts' library takes a while.
            self.assets[name] = await run_sync(_read, self.paths[name])
        return self.assets[name]


def look() -> Version:
    """The files' version now: they change under a server while somebody works on them."""
    own = {path.relative_to(FRONTEND).as_posix(): path for path in sorted(FRONTEND.rglob("*"))}
    paths = {name: path for name, path in (own | BORROWED).items() if path.suffix in MEDIA_TYPES}
    digest = hashlib.sha256()
    for name, path in paths.items():
        status = path.stat()
        digest.update(f"{name} {status.st_mtime_ns} {status.st_size}\n".encode())
    return Version(digest.hexdigest()[:16], paths)


def static_url(version: Version, path: str = "") -> str:
    """Where the file at `path` below /static is found in this version."""
    return f"/static/{VERSION}{version.fingerprint}/{path}"


def index_page(epoch: int, n: int) -> str:
    """The dashboard's one page, its files named by their version.

    `epoch`, `n`: place of the newest event. All that the page shows it asks for later, so it need hear only what came
    after. Its modules are named together: a browser would find them one by one, each in another.
    """
    version = look()
    modules = [path for path in version.paths if path.endswith(".js") and path not in CLASSIC]
    preloads = [f'<link rel="modulepreload" href="/static/{path}">' for path in modules]
    head = "".join(f"    {line}\n" for line in [f'<meta name="live" content="{epoch} {n}">', *preloads])
    page = (FRONTEND / "index.html").read_text("utf-8").replace("  </head>", f"{head}  </head>")
    return page.replace('="/static/', f'="{static_url(version)}')


class Assets:
    """Serves the files below /static; those asked for by their current version may be kept for ever."""

    def __init__(self) -> None:
        self._version = look()

    async def serve(self, request: Request) -> Response:
        """The file at the path, or 304 if the browser has it. Raises HTTPException 404."""
        path: str = request.path_params["path"]
        asked, _, rest = path.partition("/")
        is_current = asked == VERSION + self._version.fingerprint
        if not is_current:
            self._version = look()
            is_current = asked == VERSION + self._version.fingerprint
        version, name = self._version, rest if asked.startswith(VERSION) else path
        if name not in version.paths:
            raise HTTPException(404)
        tag = f'W/"{version.fingerprint}"'
        headers = {"Cache-Control": FOR_EVER if is_current else ASK_AGAIN, "ETag": tag, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        asset = await version.read(name)
        media_type = MEDIA_TYPES[version.paths[name].suffix]
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, 200, {**headers, "Content-Encoding": "gzip"}, media_type)
        return Response(asset.plain, 200, headers, media_type)


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, gzip.compress(content, 6))
