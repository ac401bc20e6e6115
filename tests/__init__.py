"""Tests; a file is named by its topic, a test by the claim it makes."""
