"""Judge a rendered resource graph with the rules of the policy pack, without the engine."""
