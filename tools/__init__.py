"""What engineers run beside the engine: render, rehearsal on a simulated cluster, policies, fit and benchmarks."""
