"""Brings a stack up on the simulated cluster: by the engine where it is installed, else by applying the render."""
