"""Runs a client against the reference proxy, writes what it sent, and says where the reference does not state it.

May import `refproxy`, `observer`, `meanings`, `dialects`, `wire` and `reference`.
"""
