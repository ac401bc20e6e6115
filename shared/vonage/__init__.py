"""The provider, without input or output: what to send, what an answer means, whom to believe. Pure.

The clock's reading, token ids and random bits are handed in; sockets live in the dispatcher's `transport.py`.
"""
