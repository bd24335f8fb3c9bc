"""Programs that a type checker must accept, and programs with mistakes that it must find."""
