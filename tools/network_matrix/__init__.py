"""Who may open a connection to whom on a stack: its network policies over its pods, compared with its wiring."""
