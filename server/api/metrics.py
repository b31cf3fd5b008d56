"""What the server tells of itself to Prometheus."""

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, Histogram, Info, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from starlette.responses import PlainTextResponse, Response

from server.api.dependencies import MasterDep
from server.api.description import release

REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

router = APIRouter(tags=["health"])


@router.get("/metrics", summary="Metrics for Prometheus", response_class=PlainTextResponse)
async def show_metrics(master: MasterDep) -> Response:
    """In Prometheus's text format, also where this server does not lead. Takes a viewer's token."""
    return Response(generate_latest(master.meters.registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


def watch_process(registry: CollectorRegistry) -> None:
    """Has the registry tell of this process too: its version, memory, processor time, open files."""
    Info("neuroevo_build", "The server's version.", registry=registry).info({"version": release()})
    ProcessCollector(registry=registry)


def request_histogram(registry: CollectorRegistry) -> Histogram:
    """Where the durations of requests go."""
    return Histogram(
        "neuroevo_http_request_seconds",
        "Requests until they were answered. waiting: it brought no results, so that it may wait for work; route: as in "
        "/docs, or other: files, unknown addresses, and who was not let in.",
        ["method", "route", "status", "waiting"],
        buckets=REQUEST_SECONDS,
        registry=registry,
    )
