"""The profile `fuzz`: data that schemathesis makes from the OpenAPI document of the reference, sent through the proxy.

`document` picks the operations of a case. `generation` has requests made of them by the program `test_requests`, which
alone knows schemathesis. `session` sends them once for all rules, `rules` judges each exchange, `findings` keeps what
shows a broken rule best. `hooks` lends the same rules to schemathesis' own command and to pytest.

May import `suite`, `probe` and what is below them.
"""
