"""The dashboard's files: index.html for its pages, everything else below /static.

A page names its scripts and styles below `/static/v-<fingerprint>/`, so browsers may keep them for ever: another
version of the files has another path, and modules that import each other relatively stay within one version.
"""

import gzip
import hashlib
import os
from functools import cache
from importlib.resources import files
from pathlib import Path

from anyio.to_thread import run_sync
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

FRONTEND = Path(str(files("frontend")))
PLOTLY = FRONTEND / "vendor" / "plotly-cartesian.min.js"
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


def fingerprint() -> str:
    """Sixteen hex digits that change whenever a served file does."""
    found = sorted(path for path in FRONTEND.rglob("*") if path.suffix in MEDIA_TYPES)
    digest = hashlib.sha256()
    for path in [*found, *BORROWED.values()]:
        status = path.stat()
        digest.update(f"{path.name} {status.st_mtime_ns} {status.st_size}\n".encode())
    return digest.hexdigest()[:16]


def static_url(path: str = "") -> str:
    """Where the file at `path` below /static is found in its current version."""
    return f"/static/{VERSION}{fingerprint()}/{path}"


def index_page(epoch: int, n: int) -> str:
    """The dashboard's one page, its files named by their version.

    `epoch`, `n`: place of the newest event. All that the page shows it asks for later, so it need hear only what came
    after. Its modules are named together: a browser would find them one by one, each in another.
    """
    modules = sorted(path.relative_to(FRONTEND).as_posix() for path in FRONTEND.rglob("*.js"))
    preloads = [f'<link rel="modulepreload" href="/static/{path}">' for path in modules if path not in CLASSIC]
    head = "".join(f"    {line}\n" for line in [f'<meta name="live" content="{epoch} {n}">', *preloads])
    page = (FRONTEND / "index.html").read_text("utf-8").replace("  </head>", f"{head}  </head>")
    return page.replace('="/static/', f'="{static_url()}')


class Assets(StaticFiles):
    """The files below /static, with entity tags; those asked for by their current version may be kept for ever."""

    def __init__(self) -> None:
        super().__init__(directory=FRONTEND)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at `path`, a 304 if the browser has it, or HTTPException 404."""
        version, _, rest = path.partition(os.sep)
        versioned = version.startswith(VERSION)
        response = await super().get_response(rest if versioned else path, scope)
        if isinstance(response, FileResponse) and response.path == PLOTLY and _takes_gzip(scope):
            response = await _packed(response)
        current = versioned and version == VERSION + fingerprint()
        response.headers["Cache-Control"] = FOR_EVER if current else ASK_AGAIN
        return response

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """Where the file lies; nothing if it is of no type that is served."""
        borrowed = BORROWED.get(path.replace(os.sep, "/"))
        if borrowed:
            return str(borrowed), borrowed.stat()
        return super().lookup_path(path) if Path(path).suffix in MEDIA_TYPES else ("", None)

    def file_response(
        self, full_path: "str | os.PathLike[str]", stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file with its type and entity tag, or 304."""
        path = Path(full_path)
        response = FileResponse(path, status_code, media_type=MEDIA_TYPES[path.suffix], stat_result=stat_result)
        if self.is_not_modified(response.headers, Headers(scope=scope)):
            return NotModifiedResponse(response.headers)
        return response


def _takes_gzip(scope: Scope) -> bool:
    return "gzip" in Headers(scope=scope).get("accept-encoding", "")


async def _packed(response: FileResponse) -> Response:
    headers = {name: value for name, value in response.headers.items() if name in {"etag", "last-modified"}}
    content = await run_sync(_packed_plotly)
    return Response(
        content,
        media_type=response.media_type,
        headers=headers | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"},
    )


@cache
def _packed_plotly() -> bytes:
    # A megabyte and a half: packed once, not for each browser.
    return gzip.compress(PLOTLY.read_bytes(), 6)
