"""Measures this program on this machine. Figures are printed, never asserted: machines differ."""
