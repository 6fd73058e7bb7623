"""The caller's own account: signing in and out, password, access token."""
