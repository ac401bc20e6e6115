"""The contract: a module lives here only because two or more services import it."""
