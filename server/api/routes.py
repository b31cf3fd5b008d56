"""All routers: one a noun."""

from server.api import (
    batches,
    documentation,
    environments,
    figures,
    generations,
    health,
    jobs,
    live,
    metrics,
    pages,
    policies,
    presets,
    rollouts,
    runs,
    session,
    tokens,
    transfers,
    workers,
)

VERSIONED = (
    batches.router,  # first: asked for most
    transfers.router,
    runs.router,
    generations.router,
    policies.router,
    jobs.router,
    rollouts.router,
    figures.router,
    environments.router,
    presets.router,
    workers.router,
    tokens.router,
    session.router,
    live.router,
)
"""Below /api/v1."""
UNVERSIONED = (health.router, metrics.router, documentation.router, pages.router, live.router)
