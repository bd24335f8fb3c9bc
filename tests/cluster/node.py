"""A process of the server: its clients are in the room that their query names, and talk to all who are in it."""

from __future__ import annotations

import sys

from sioclient.server import SocketConnection, SocketServer, event


class Talk(SocketConnection):
    """What a client says is heard by everybody in its room, itself included."""

    def on_open(self, request):
        self.room = request.get_argument("room")
        self.join(self.room)

    @event
    def say(self, sender, number):
        self.to(self.room, include_self=True).emit("said", sender, number)


def main() -> None:
    name, port, redis = sys.argv[1:]
    many = {"max_sessions": 10_000, "max_handshakes": 10_000}  # all clients come from one address
    settings = {"node": name, "health": True, "backplane": redis, "trusted_proxies": ("127.0.0.1",), **many}
    SocketServer(Talk, int(port), **settings).run()


if __name__ == "__main__":
    main()
