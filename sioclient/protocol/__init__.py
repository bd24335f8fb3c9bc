"""The protocol without I/O: no socket, no thread, no clock, no randomness.

``client.ClientProtocol`` is a connection; give it what the network brings and what time it is, and fetch what it wants
to send and to tell. ``revisions`` has the grammars, ``packets`` and ``notices`` the values that go in and come out.
"""
