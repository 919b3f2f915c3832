"""Nodes: managed groups of fixed size, and Karpenter for what comes and goes."""
