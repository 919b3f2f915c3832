"""What a vLLM release understands (flags, parsers, variables, routes, metrics), read from its source: nothing is
installed or imported."""
