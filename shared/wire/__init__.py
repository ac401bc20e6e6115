"""JSON <-> model: one file a generation of the API, and everything else that Cascade says or hears in JSON. Pure.

The msgspec structs here are the single source of the schemas. Read `requests.py` first.
"""
