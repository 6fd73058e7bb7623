"""Usage and the log of calls over HTTP."""
