"""What both fronts are made of, the threaded one and ``aio``: nothing here waits, and nothing starts a thread."""
