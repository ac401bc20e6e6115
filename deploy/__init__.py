"""Launchers and what operators need; plain standard library, so they run before anything else is installed."""
