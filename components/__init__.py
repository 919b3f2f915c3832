"""The platform's components: each obeys typed arguments and knows no stack, no configuration and no environment."""
