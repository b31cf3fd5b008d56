"""Orders as an evaluation process hears them."""

import os
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import BinaryIO
from uuid import UUID

from worker.orders import Order


class Inbox:
    """Orders, read by a thread of their own, so that they are heard in mid episode."""

    def __init__(self, orders: BinaryIO) -> None:
        self._orders = orders
        self._batches: SimpleQueue[Order] = SimpleQueue()
        self._dropped: set[UUID] = set()
        threading.Thread(target=self._listen, daemon=True).start()

    def __iter__(self) -> Iterator[Order]:
        while True:
            order = self._batches.get()
            yield order
            for batch in (order.play, order.job):
                if batch is not None:
                    self._dropped.discard(batch.lease)

    def is_dropped(self, lease: UUID) -> bool:
        """Whether what is left of the batch need not be played."""
        return lease in self._dropped

    def _listen(self) -> None:
        for text in self._orders:
            order = Order.model_validate_json(text)
            if order.play is not None or order.job is not None:
                self._batches.put(order)
            if order.drop is not None:
                self._dropped.add(order.drop)
        os._exit(0)  # the main process is gone: nobody wants the episode in play
