"""The sections of a stack file, one module each. `stacks.settings` puts them together."""
