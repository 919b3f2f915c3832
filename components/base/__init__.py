"""Pure building blocks shared by components and policies. Nothing in here imports a provider SDK."""
