"""HTTP as messages and as bytes: client, raw sockets, server-sent events, credentials and redaction.

May import `reference`, `errors` and `files`; it knows neither dialects nor targets.
"""
