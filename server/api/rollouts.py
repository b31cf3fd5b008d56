"""Rollouts: recorded episodes, with video, poster and actions, to be verified. Workers bring videos and posters."""

import base64
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from evolution.environments import Environment
from evolution.model import Value
from server.api.bodies import read_body
from server.api.dependencies import MasterDep, RunId
from server.api.jobs import Id
from server.api.policies import PolicyId
from server.api.problems import documented, problem
from server.api.ranges import Unsatisfiable, read_range
from server.policy_views import EliteView, JobView, RolloutView
from server.service.media import POSTER_BYTES, VIDEO_BYTES
from server.storage.videos import VideoFile
from server.views import Listing

MP4, JPEG = "video/mp4", "image/jpeg"
KEEP = "private, max-age=3600"
"""Only this browser keeps what it was shown, for an hour."""
RETRY_SECONDS = 2
BINARY = {"schema": {"type": "string", "format": "binary"}}
MAKING: dict[int | str, dict[str, Any]] = {
    200: {"content": {MP4: BINARY}, "description": "The video."},
    202: {"model": RolloutView, "description": "It is being made: ask again after `Retry-After` seconds."},
    206: {"content": {MP4: BINARY}, "description": "A part of it."},
}
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {JPEG: BINARY}, "description": "The picture."},
    202: MAKING[202],
}


class Actions(Value):
    """A recorded episode: with `actions`, base64, it replays exactly, without the network."""

    rollout: str
    policy: str
    environment: Environment
    seed: int
    score: float | None
    steps: int | None
    frames: int | None
    digest: str | None
    engine: str | None
    actions: str


router = APIRouter(tags=["rollouts"], responses=documented(404, 503))


@router.get("/runs/{id}/elites", summary="List a run's elites")
async def list_elites(id: RunId, master: MasterDep) -> Listing[EliteView]:
    """The policy that each closed generation chose, ascending."""
    return Listing(items=await master.recordings.list_elites(id))


@router.get("/policies/{id}/rollouts", summary="List a policy's recordings")
async def list_rollouts(id: PolicyId, master: MasterDep) -> Listing[RolloutView]:
    """Oldest first; those that wait for a worker among them."""
    return Listing(items=await master.recordings.list_rollouts(id))


@router.get("/rollouts/{id}", summary="Show a rollout")
async def show_rollout(id: Id, master: MasterDep) -> RolloutView:
    """While it waits, its score is the one that it must find again."""
    return await master.recordings.show_rollout(id)


@router.head("/rollouts/{id}/video.mp4", include_in_schema=False)
@router.get(
    "/rollouts/{id}/video.mp4",
    summary="Watch a rollout",
    response_class=Response,
    responses=MAKING | documented(409, 416),
)
async def show_video(id: Id, request: Request, master: MasterDep) -> Response:
    """A missing video is made again. Takes ranges of bytes."""
    video = await master.recordings.find_video(id)
    if video is None:
        rollout = await master.recordings.remake_video(id)
        return _later(rollout)
    headers = {"ETag": f'"{video.sha256}"', "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    try:
        part = read_range(_range(request, headers["ETag"]), video.size)
    except Unsatisfiable:
        return problem(
            416,
            "range-not-satisfiable",
            "There are no such bytes",
            detail=f"The video has {video.size:,} bytes.",
            headers={"Content-Range": f"bytes */{video.size}"},
        )
    start, end = part or (0, video.size)
    headers["Content-Length"] = str(end - start)
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{video.size}"
    return _stream(id, request, master, video, (start, end), 206 if part else 200, headers)


def _later(rollout: RolloutView) -> Response:
    headers = {"Retry-After": str(RETRY_SECONDS)}
    return Response(rollout.model_dump_json(), 202, headers, media_type="application/json")


def _range(request: Request, etag: str) -> str | None:
    """The range that is asked for; none if it was meant of another video than there is now."""
    return request.headers.get("range") if request.headers.get("if-range", etag) == etag else None


def _stream(
    id: str,
    request: Request,
    master: MasterDep,
    video: VideoFile,
    part: tuple[int, int],
    status: int,
    headers: dict[str, str],
) -> Response:
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=MP4)
    content = master.recordings.read_video(id, video, *part)
    return StreamingResponse(content, status, headers, media_type=MP4)


@router.post("/rollouts/{id}/videos", status_code=202, summary="Make a video again", responses=documented(409, 422))
async def replace_video(id: Id, master: MasterDep) -> RolloutView:
    """Of a video that is there but does not play: it is removed, and made again from the actions."""
    return await master.recordings.replace_video(id)


@router.put(
    "/rollouts/{id}/video.mp4",
    status_code=204,
    summary="Bring a video",
    responses=documented(413, 422),
    openapi_extra={"requestBody": {"required": True, "content": {MP4: BINARY}}},
)
async def store_video(id: Id, request: Request, master: MasterDep) -> None:
    """For workers: an MP4 file, its index first."""
    await master.recordings.store_video(id, await read_body(request, VIDEO_BYTES))


@router.get(
    "/rollouts/{id}/poster.jpg",
    summary="Show a rollout's poster",
    response_class=Response,
    responses=PICTURE | documented(409),
)
async def show_poster(id: Id, master: MasterDep) -> Response:
    """One picture of the episode. A missing one is made with the video."""
    poster = await master.recordings.read_poster(id)
    if poster is None:
        return _later(await master.recordings.remake_video(id))
    return Response(poster, media_type=JPEG, headers={"Cache-Control": KEEP})


@router.put(
    "/rollouts/{id}/poster.jpg",
    status_code=204,
    summary="Bring a poster",
    responses=documented(413, 422),
    openapi_extra={"requestBody": {"required": True, "content": {JPEG: BINARY}}},
)
async def store_poster(id: Id, request: Request, master: MasterDep) -> None:
    """For workers: a JPEG picture."""
    await master.recordings.store_poster(id, await read_body(request, POSTER_BYTES))


@router.post(
    "/rollouts/{id}/verifications", status_code=202, summary="Verify a rollout", responses=documented(409, 422)
)
async def verify_rollout(id: Id, master: MasterDep, response: Response) -> JobView:
    """A worker replays the actions without the network; the rollout's `verified` then says whether score, steps, frames
    and final memory are exactly the same."""
    job = await master.recordings.verify_rollout(id)
    response.headers["Location"] = f"/api/v1/jobs/{job.id}"
    return job


@router.get("/rollouts/{id}/actions", summary="Show what was chosen", responses=documented(409))
async def show_actions(id: Id, master: MasterDep) -> Actions:
    """With these `policy verify` plays the episode again, without the network."""
    row, actions = await master.recordings.read_actions(id)
    return Actions(
        rollout=row.id,
        policy=row.policy,
        environment=Environment.model_validate(row.environment),
        seed=row.seed,
        score=row.score,
        steps=row.steps,
        frames=row.frames,
        digest=row.digest.hex() if row.digest else None,
        engine=row.engine,
        actions=base64.b64encode(actions).decode(),
    )
