"""The dispatcher: consumes, decides, calls the provider, tells the caller."""
