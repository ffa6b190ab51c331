"""The parts of the module that users vendor, and what reads them.

They may import pydantic and the standard library only.
"""
