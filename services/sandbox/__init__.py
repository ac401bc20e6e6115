"""A simulated provider with phones you can look at: for development, the demo and tests, never for production.

It is an independent witness. It reads the provider's documentation for itself and shares no code with the ingress, the
dispatcher or the packages they use, so that a mistake of theirs can't hide behind the same mistake here.
"""
