"""The threaded front: the two threads of a connection, the locks that they share, and whoever waits for them."""
