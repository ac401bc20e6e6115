"""The store: a port, its adapters, and the migrations of its schema."""
