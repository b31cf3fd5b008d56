"""The library of policies, as the interface calls it."""

from collections.abc import Callable, Sequence

from server.policy_views import Ancestor, LineageNode, PolicyDetail, PolicyFacets, PolicySummary
from server.service.change_policy import change_policy, delete_policy
from server.service.export_policy import Exported, ExportFormat, export_policy
from server.service.import_policy import import_policy
from server.service.list_policies import PolicyFilter, count_policies, list_policies
from server.service.memory import Memory
from server.service.show_policy import show_policy
from server.service.trace_lineage import list_ancestors, trace_lineage
from server.views import Page


class Library:
    """Its use cases. An `id` may be the beginning of one. All raise NotLeading unless the master leads."""

    def __init__(self, leading: Callable[[], Memory]) -> None:
        """`leading`: the master's memory; raises NotLeading."""
        self._leading = leading

    async def list_policies(self, asked: PolicyFilter, cursor: str | None, limit: int) -> Page[PolicySummary]:
        """Raises InvalidConfiguration (the cursor)."""
        return await list_policies(self._leading(), asked, cursor, limit)

    async def count_policies(self, asked: PolicyFilter) -> PolicyFacets:
        """What a list can be narrowed to."""
        return await count_policies(self._leading(), asked)

    async def show_policy(self, id: str) -> PolicyDetail:
        """Raises NotFound, AmbiguousPolicy."""
        return await show_policy(self._leading(), id)

    async def import_policy(self, document: bytes) -> tuple[PolicyDetail, bool]:
        """The policy, and whether it is new. Raises InvalidPolicy."""
        return await import_policy(self._leading(), document)

    async def change_policy(self, id: str, name: str | None, tags: Sequence[str] | None) -> PolicyDetail:
        """Raises NotFound, AmbiguousPolicy."""
        return await change_policy(self._leading(), id, name, tags)

    async def delete_policy(self, id: str) -> None:
        """Raises NotFound, AmbiguousPolicy, Conflict."""
        await delete_policy(self._leading(), id)

    async def export_policy(self, id: str, format: ExportFormat) -> Exported:
        """Raises NotFound, AmbiguousPolicy, NotExportable."""
        return await export_policy(self._leading(), id, format)

    async def trace_lineage(self, ids: Sequence[str]) -> list[LineageNode]:
        """Raises NotFound, AmbiguousPolicy."""
        return await trace_lineage(self._leading(), ids)

    async def list_ancestors(self, id: str, cursor: str | None, limit: int) -> Page[Ancestor]:
        """Raises NotFound, AmbiguousPolicy, InvalidConfiguration (the cursor)."""
        return await list_ancestors(self._leading(), id, cursor, limit)
