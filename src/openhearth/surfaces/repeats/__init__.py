"""Answers given again: to a request repeated with its ``Idempotency-Key``, and, where the caller wants it, from a cache
to any request that is exactly like an earlier one."""
