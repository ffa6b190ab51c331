"""`python -m ampmap_generator` is `ampmap`."""

from .cli import main

main()
