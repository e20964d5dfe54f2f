"""The exchanger: a process of its own, which signs publishing tokens for CI jobs and for certificates by a policy.

It alone has the signing key. `command.py` starts it, `exchange.py` decides, docs/exchanger.md describes it.
"""
