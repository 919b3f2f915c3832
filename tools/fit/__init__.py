"""`make fit`: which GPUs hold a model, with the sum behind the answer."""
