"""How resources prove a capability: pure functions from the resources of a stack to readings, one module per noun."""
