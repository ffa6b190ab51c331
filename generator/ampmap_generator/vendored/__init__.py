"""The parts of the module that users vendor: they need pydantic and the standard library only."""
