"""What tests of several packages share: small specs, and programs that they run.

It may import the generator, never the kit.
"""
