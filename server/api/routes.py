"""All routers: one a noun."""

from server.api import (
    batches,
    documentation,
    environments,
    figures,
    generations,
    health,
    live,
    pages,
    policies,
    presets,
    runs,
    workers,
)

VERSIONED = (
    batches.router,  # first: asked for most
    runs.router,
    generations.router,
    policies.router,
    figures.router,
    environments.router,
    presets.router,
    workers.router,
    live.router,
)
"""Below /api/v1."""
UNVERSIONED = (health.router, documentation.router, pages.router, live.router)
