"""The dashboard's pages, and the link that lets a browser in."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from server.api.assets import index_page
from server.api.dependencies import MasterDep, TokensDep
from server.api.problems import answer_http
from server.api.session import set_cookie
from server.service.master import Master

PAGES = (
    "/",
    "/runs",
    "/runs/new",
    "/runs/{slug}",
    "/policies",
    "/policies/compare",
    "/policies/{id}",
    "/workers",
    "/tokens",
)

router = APIRouter(include_in_schema=False)


async def show_page(
    request: Request, master: MasterDep, tokens: TokensDep, code: Annotated[str | None, Query()] = None
) -> Response:
    """The dashboard, which draws itself by the path; or, with a link's code, the way there with a cookie.

    A code that was used before leads to the same page: a browser that has its cookie goes on, another is told what to
    do. Looking at the link's head uses nothing up.
    """
    if code is None or request.method == "HEAD":
        return page(master)
    response = RedirectResponse(request.url.remove_query_params("code").replace(scheme="", netloc=""), 303)
    response.headers["Cache-Control"] = "no-store"
    if redeemed := await tokens.redeem(code):
        _, secret = redeemed
        set_cookie(response, request, secret)
    return response


for path in PAGES:
    router.add_api_route(path, show_page, methods=["GET", "HEAD"])


def page(master: Master, status: int = 200) -> Response:
    """The dashboard's page. Asked for again each time: it names the current version of its files."""
    content = index_page(master.events.epoch, master.events.n)
    return HTMLResponse(content, status, headers={"Cache-Control": "no-cache"})


async def answer_not_found(request: Request, error: Exception) -> Response:
    """To a person's browser the dashboard, which says that there is no such page; to all else a problem document."""
    is_page = not request.url.path.startswith(("/api/", "/static/")) and request.method in {"GET", "HEAD"}
    if is_page and "text/html" in request.headers.get("accept", ""):
        return page(request.app.state.master, 404)
    return await answer_http(request, error)
