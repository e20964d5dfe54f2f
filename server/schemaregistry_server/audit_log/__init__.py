"""The audit log of events: refusals, exchanges of tokens and changes of rights, as chained lines of JSON in a file.

Writes and changes of states are in the store's own audit chain (`store/audit_chain.py`).
"""
