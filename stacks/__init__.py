"""Decides: the only place that reads configuration, chooses the substrate, composes components and exports outputs."""
