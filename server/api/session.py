"""A browser's being let in: by a token, which the browser forgets again for a cookie of its own."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, SecretStr

from evolution.model import Value
from server.api.access import cookie_name, key_of, unknown
from server.api.dependencies import KeyringDep, TokensDep
from server.api.problems import documented
from server.service.tokens import BROWSER_LIFE
from server.token_views import SessionView


class SignIn(Value):
    """A token to be let in by."""

    token: Annotated[SecretStr, Field(min_length=1, max_length=500)]


router = APIRouter(prefix="/session", tags=["tokens"])


@router.get("", summary="Show who asks", responses=documented(401))
async def show_session(request: Request) -> SessionView:
    """The role says what the token may do."""
    key = key_of(request)
    return SessionView(name=key.name, role=key.role, is_browser=key.is_browser)


@router.post("", summary="Let a browser in", response_model=SessionView, responses=documented(401, 409, 503))
async def sign_in(
    body: SignIn, request: Request, response: Response, keyring: KeyringDep, tokens: TokensDep
) -> SessionView | Response:
    """Sets a cookie that no script can read and no other site can use. It lasts 30 days, or as long as the token."""
    key = keyring.find(body.token.get_secret_value())
    if key is None:
        return unknown()
    set_cookie(response, request, await tokens.let_in(key))
    return SessionView(name=key.name, role=key.role, is_browser=True)


@router.delete("", status_code=204, summary="Let a browser be forgotten", responses=documented(401, 503))
async def sign_out(request: Request, response: Response, tokens: TokensDep) -> None:
    """Its cookie opens nothing any more. A token stays valid: revoke it if it shall not."""
    key = key_of(request)
    if key.is_browser and key.id is not None:
        await tokens.revoke(key.id)
    response.delete_cookie(cookie_name(request.headers), httponly=True, samesite="strict")


def set_cookie(response: Response, request: Request, secret: str) -> None:
    """Has the browser keep the secret where no script reads it; behind TLS, for TLS alone."""
    response.set_cookie(
        cookie_name(request.headers),
        secret,
        int(BROWSER_LIFE.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
