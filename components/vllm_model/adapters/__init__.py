"""LoRA adapters of a model: copied from the object store and loaded while the server runs (decision 0019)."""
