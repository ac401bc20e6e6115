"""The ingress: authenticates, validates, gives the ids, publishes with a confirm, answers 202 (architecture 8)."""
