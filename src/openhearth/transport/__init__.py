"""The ways out: our HTTP/1.1 upstream client, the safe fetcher, and how a request is signed."""
