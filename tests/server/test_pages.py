"""The dashboard's pages and files, and the headers that go with every answer."""

import gzip
import re
from importlib.resources import files

import httpx2
import pytest

pytestmark = pytest.mark.anyio
PAGES = [
    "/",
    "/runs",
    "/runs/new",
    "/runs/brave-otter-k3f9x2",
    "/policies",
    "/policies/compare",
    "/policies/4dc8a37e",
    "/workers",
]
FOR_EVER = "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_the_dashboard_and_is_asked_for_again(shared: httpx2.AsyncClient, path: str) -> None:
    response = await shared.get(path)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    assert (await shared.head(path)).status_code == 200


async def test_all_that_a_page_names_is_served_and_may_be_kept_for_ever(shared: httpx2.AsyncClient) -> None:
    page = (await shared.get("/")).text

    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(named) > 5
    for address in named:
        response = await shared.get(address)
        assert response.status_code == 200, address
        assert response.headers["cache-control"] == FOR_EVER


async def test_a_file_of_another_version_is_asked_for_again(shared: httpx2.AsyncClient) -> None:
    for address in ("/static/main.js", "/static/v-0123456789abcdef/main.js"):
        response = await shared.get(address)

        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-cache"


async def test_a_file_that_the_browser_has_is_not_sent_again(shared: httpx2.AsyncClient) -> None:
    for address in ("/static/main.js", "/static/vendor/plotly-cartesian.min.js"):
        tag = (await shared.get(address)).headers["etag"]
        response = await shared.get(address, headers={"If-None-Match": tag})

        assert response.status_code == 304
        assert response.content == b""


async def test_plotly_is_packed_and_of_the_wheels_version(shared: httpx2.AsyncClient) -> None:
    shipped = (files("frontend") / "vendor" / "plotly-cartesian.min.js").read_bytes()
    whole = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    assert re.findall(rb" v([0-9.]+)\n", shipped[:200]) == re.findall(rb" v([0-9.]+)\n", whole[:200]) != []

    plain = await shared.get("/static/vendor/plotly-cartesian.min.js", headers={"Accept-Encoding": "identity"})
    packed = await shared.get("/static/vendor/plotly-cartesian.min.js", headers={"Accept-Encoding": "gzip"})

    assert plain.content == packed.content == shipped
    assert plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(shipped) / 2


@pytest.mark.parametrize(
    "path",
    [
        "/static/__init__.py",
        "/static/vendor/README.md",
        "/static/%2e%2e/server/main.py",
        "/static/v-0/%2e%2e/%2e%2e/server/api/documentation.css",
        "/static/..%2fserver%2fapi%2fdocumentation.css",
        "/static//etc/passwd.css",
        "/static/",
        "/static/styles",
        "/static/%00.js",
    ],
)
async def test_nothing_but_the_dashboards_files_is_served(shared: httpx2.AsyncClient, path: str) -> None:
    assert (await shared.get(path)).status_code == 404


async def test_an_unknown_page_is_the_dashboard_to_a_browser_and_a_problem_to_a_program(
    shared: httpx2.AsyncClient,
) -> None:
    to_browser = await shared.get("/nowhere", headers={"Accept": "text/html,*/*"})
    to_program = await shared.get("/nowhere", headers={"Accept": "application/json"})
    of_interface = await shared.get("/api/v1/nowhere", headers={"Accept": "text/html,*/*"})

    assert (to_browser.status_code, to_browser.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert to_program.headers["content-type"] == "application/problem+json"
    assert of_interface.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/static/main.js", "/api/v1/runs", "/nowhere", "/docs", "/healthz"])
async def test_every_answer_has_security_headers_and_allows_no_inline_script(
    shared: httpx2.AsyncClient, path: str
) -> None:
    headers = (await shared.get(path)).headers

    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


async def test_what_the_interface_answers_is_not_kept(shared: httpx2.AsyncClient) -> None:
    assert (await shared.get("/api/v1/runs")).headers["cache-control"] == "no-store"


async def test_long_answers_are_packed(shared: httpx2.AsyncClient) -> None:
    async with shared.stream("GET", "/api/v1/presets", headers={"Accept-Encoding": "gzip"}) as response:
        raw = b"".join([part async for part in response.aiter_raw()])

    assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw).startswith(b'{"items":')
