"""What the providers' bodies, routes, schemas and streams look like.

May import `wire` and `reference`.
"""
