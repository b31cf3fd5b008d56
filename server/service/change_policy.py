"""What people do to a policy of the library: name it, tag it, delete it."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from server.policy_views import PolicyDetail
from server.service.errors import Conflict
from server.service.memory import Memory
from server.service.policy_views import tell_of_policy
from server.service.show_policy import find_policy, show_policy
from server.service.take_up_jobs import follow_stored_jobs
from server.storage import policies

logger = logging.getLogger(__name__)


async def change_policy(memory: Memory, id: str, name: str | None, tags: Sequence[str] | None) -> PolicyDetail:
    """Names and tags a policy; what is None stays. Raises NotFound, AmbiguousPolicy."""
    changes: dict[str, Any] = {} if name is None else {"name": name}
    changes |= {} if tags is None else {"tags": list(tags)}
    async with memory.storage.transaction(memory.epoch) as connection:
        row, _ = await find_policy(connection, id)
        if changes:
            await policies.change(connection, row.id, changes)
        changed = await policies.find(connection, row.id)
    if changes and changed is not None:
        await tell_of_policy(memory, changed)
    return await show_policy(memory, row.id)


async def delete_policy(memory: Memory, id: str) -> None:
    """Takes a policy out of the library; one that came with the product stays away for good.

    Raises:
        NotFound, AmbiguousPolicy.
        Conflict: a run bred it, and is still there.
    """
    async with memory.storage.transaction(memory.epoch) as connection:
        row, _ = await find_policy(connection, id)
        if row.run is not None:
            raise Conflict(f"Policy {row.id[:12]} is an elite of run {row.run}: it goes when the run is deleted.")
        if row.origin == "shipped":
            await policies.refuse(connection, row.id)
        await policies.remove(connection, row.id)
    memory.events.publish(["policies"], "policy.deleted", policy_id=row.id)
    memory.start_task(partial(follow_stored_jobs, memory), "jobs.follow")
    logger.info("action=policy.delete policy=%s", row.id)
