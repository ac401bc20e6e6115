"""The real engine in a simulated world: one thread, virtual time, a seed, and crashes at every call of a port."""
