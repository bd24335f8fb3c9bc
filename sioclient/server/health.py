"""The state of a process for whoever watches it: a load balancer, or a person."""

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
