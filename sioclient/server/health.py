"""The state of a process for whoever watches it: a load balancer, Prometheus, or a person."""

from __future__ import annotations

import json

from .guarded import Quiet


class Health(Quiet):
    """``/socket.io/health``: status 200, or 503 when the process takes no more clients."""

    def get(self) -> None:
        """Say how this process fares, as JSON."""
        hub = self.hub
        if hub.backplane is not None:
            hub.backplane.start()
        backplane = None if hub.backplane is None else "up" if hub.backplane.is_up else "away"
        state = {
            "status": "stopping" if hub.is_stopping else "ok",
            "node": hub.settings.node,
            "clients": len(hub.clients),
            "backplane": backplane,
        }
        self.set_status(503 if hub.is_stopping else 200)
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(state))


class MetricsPage(Quiet):
    """``/socket.io/metrics``, in the format that the request asks for."""

    def get(self) -> None:
        """Send the numbers of this process."""
        assert self.hub.metrics is not None, "without them, there is no such route"
        content_type, page = self.hub.metrics.page(self.request.headers.get("Accept", ""))
        self.set_header("Content-Type", content_type)
        self.set_header("Cache-Control", "no-store")
        self.finish(page)
