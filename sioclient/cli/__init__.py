"""The command line: ``sioclient`` and ``python -m sioclient``. It uses only what the package exports to everybody.

Each command is a module with the texts ``SYNOPSIS``, ``DESCRIPTION`` and ``EXAMPLES``, and two functions:
``add_options`` declares its options, ``run`` returns its exit status. ``commands`` is the table of them.
"""
