"""Who may ask: tokens, made and revoked by operators."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import Field

from evolution.model import Value
from server.api.access import key_of
from server.api.dependencies import TokensDep
from server.api.problems import documented
from server.service.labels import TokenName
from server.token_views import LinkView, NewTokenView, Role, TokenView
from server.views import Listing

LONGEST_DAYS = 3650

Id = Annotated[str, Path(min_length=1, max_length=40, pattern=r"^[a-z0-9]*$")]


class NewToken(Value):
    """A token to make."""

    name: TokenName = Field(description="Whose it is, or what for.", examples=["the lab's screen"])
    role: Role = Field(description="viewer: looks; operator: does everything; worker: claims and reports work.")
    days: int | None = Field(None, ge=1, le=LONGEST_DAYS, description="Its life; absent: until it is revoked.")


class NewLink(Value):
    """A link to make."""

    role: Role = Field("operator", description="What the browser that opens it may do.")


router = APIRouter(prefix="/tokens", tags=["tokens"], responses=documented(503))


@router.get("", summary="List the tokens")
async def list_tokens(tokens: TokensDep) -> Listing[TokenView]:
    """Those that are stored, and the browsers that were let in, newest first. The server's own are in its settings."""
    return Listing(items=await tokens.list())


@router.post("", status_code=201, summary="Make a token")
async def create_token(body: NewToken, tokens: TokensDep) -> NewTokenView:
    """The answer holds its secret, this once: the server keeps a digest."""
    return await tokens.create(body.name, body.role, body.days)


@router.delete("/{id}", status_code=204, summary="Revoke a token", responses=documented(404))
async def revoke_token(id: Id, tokens: TokensDep) -> None:
    """It opens nothing any more, nor do the browsers that it let in. A revoked one stays in the list."""
    await tokens.revoke(id)


@router.post("/{id}/rotate", summary="Give a token another secret", responses=documented(404, 409))
async def rotate_token(id: Id, tokens: TokensDep) -> NewTokenView:
    """The old secret opens nothing any more, nor do the browsers that it let in."""
    return await tokens.rotate(id)


@router.post("/links", status_code=201, summary="Make a link that lets a browser in", responses=documented(409))
async def create_link(body: NewLink, request: Request, tokens: TokensDep) -> LinkView:
    """Good for one browser and ten minutes; no token stands in it."""
    return await tokens.make_link(body.role, key_of(request))
