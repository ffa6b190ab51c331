"""The types and routes of an edition in other languages than Python, and the vectors that any port is tested by.

Each language has one module here that prints types, and a template with what is written by hand: `route`.
"""
