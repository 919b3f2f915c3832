"""Compare two stacks: what each provides, and whether what is portable is the same on both."""
