"""The library of policies: look, import, name, export, and where they come from."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from server.api.bodies import PolicyChanges, read_body
from server.api.dependencies import Limit, MasterDep
from server.api.problems import NotJson, documented
from server.api.work_route import JSON
from server.policy_views import Ancestor, LineageNode, PolicyDetail, PolicyFacets, PolicySummary
from server.service.export_policy import ExportFormat
from server.service.list_policies import OriginKind, PolicyFilter, Sort
from server.views import Listing, Page

DOCUMENT_BYTES = 1_000_000
"""Longest document that is taken over."""
DOCUMENT_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/SeedChain"}}},
        "description": "A seed chain's document; its members `name`, `tags` and `scores` are taken over.",
    }
}
FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/SeedChain"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "text/markdown": {"schema": {"type": "string"}},
        },
    }
}

PolicyId = Annotated[
    str,
    Path(min_length=1, max_length=200, description="A policy's id, or its first eight digits or more."),
]

router = APIRouter(prefix="/policies", tags=["policies"], responses=documented(503))


def _filtered(
    environment: Annotated[str | None, Query(max_length=200, description="Only of this environment id.")] = None,
    origin: Annotated[OriginKind | None, Query(description="Only those from here.")] = None,
    run: Annotated[str | None, Query(max_length=200, description="Only those that this run bred.")] = None,
    tag: Annotated[str | None, Query(max_length=50, description="Only with this tag.")] = None,
    search: Annotated[
        str | None, Query(max_length=200, description="In names, environments and tags, or the beginning of an id.")
    ] = None,
) -> PolicyFilter:
    return PolicyFilter(environment, origin, run, tag, search or None)


Filtered = Annotated[PolicyFilter, Depends(_filtered)]


def _asked(
    filtered: Filtered,
    sort: Annotated[Sort, Query(description="By what.")] = "score",
    order: Annotated[
        Literal["asc", "desc"] | None, Query(description="Absent: names from a to z, all else from high to low.")
    ] = None,
) -> PolicyFilter:
    descending = sort != "name" if order is None else order == "desc"
    return replace(filtered, sort=sort, descending=descending)


Cursor = Annotated[
    str | None, Query(max_length=4000, description="The field next_cursor of the page before; absent: the first page.")
]


@router.get("", summary="List policies", responses=documented(422))
async def list_policies(
    asked: Annotated[PolicyFilter, Depends(_asked)], master: MasterDep, cursor: Cursor = None, limit: Limit = 50
) -> Page[PolicySummary]:
    """Every run's elites, the policies that came with the product, and what was imported."""
    return await master.library.list_policies(asked, cursor, limit)


@router.post(
    "",
    status_code=201,
    summary="Import a policy",
    response_model=PolicyDetail,
    responses={200: {"model": PolicyDetail, "description": "It was there already."}, **documented(413, 415, 422)},
    openapi_extra=DOCUMENT_SCHEMA,
)
async def import_policy(request: Request, master: MasterDep, response: Response) -> PolicyDetail:
    """A policy that is there already stays as it is."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise NotJson(NotJson.__doc__)
    policy, is_new = await master.library.import_policy(await read_body(request, DOCUMENT_BYTES))
    response.status_code = 201 if is_new else 200
    response.headers["Location"] = f"/api/v1/policies/{policy.id}"
    return policy


@router.get("/facets", summary="Count policies by what a list can be narrowed to", responses=documented(422))
async def count_policies(filtered: Filtered, master: MasterDep) -> PolicyFacets:
    """By environment, origin, run and tag, each under all filters but its own: what another choice would give."""
    return await master.library.count_policies(filtered)


@router.get("/lineage", summary="Trace what chains share", responses=documented(404, 409))
async def trace_lineage(
    id: Annotated[list[str], Query(min_length=1, max_length=200, description="Policies' ids, or their beginnings.")],
    master: MasterDep,
) -> Listing[LineageNode]:
    """The tree of shared beginnings: parents before children, each chain's end in one node."""
    return Listing(items=await master.library.trace_lineage(id))


@router.get("/{id}", summary="Show a policy", responses=documented(404, 409))
async def show_policy(id: PolicyId, master: MasterDep) -> PolicyDetail:
    """Its chain, its scores episode by episode, its fingerprint and how people play its game."""
    return await master.library.show_policy(id)


@router.patch("/{id}", summary="Name and tag a policy", responses=documented(404, 409, 422))
async def change_policy(id: PolicyId, body: PolicyChanges, master: MasterDep) -> PolicyDetail:
    """A tagged policy stays when its run is deleted."""
    return await master.library.change_policy(id, body.name, body.tags)


@router.delete("/{id}", status_code=204, summary="Delete a policy", responses=documented(404, 409))
async def delete_policy(id: PolicyId, master: MasterDep) -> None:
    """For good, also one that came with the product. A run's elites go with their run."""
    await master.library.delete_policy(id)


@router.get(
    "/{id}/export", summary="Export a policy", response_class=Response, responses=FILES | documented(404, 409, 501)
)
async def export_policy(
    id: PolicyId,
    master: MasterDep,
    format: Annotated[ExportFormat, Query(description="json: the document; card: a model hub's page.")] = "json",
) -> Response:
    """A file that others can read."""
    file = await master.library.export_policy(id, format)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.content, media_type=file.media_type, headers=headers)


@router.get("/{id}/ancestors", summary="List a policy's ancestors", responses=documented(404, 409, 422))
async def list_ancestors(id: PolicyId, master: MasterDep, cursor: Cursor = None, limit: Limit = 100) -> Page[Ancestor]:
    """Newest first, the policy itself before all, each with what it scored. Empty unless a run bred it."""
    return await master.library.list_ancestors(id, cursor, limit)
