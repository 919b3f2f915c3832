"""From settings to the arguments of components: one module per component, nothing but data."""
