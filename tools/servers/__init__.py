"""Real servers from package indexes, for live tests and the bench: environments, processes, configurations."""
