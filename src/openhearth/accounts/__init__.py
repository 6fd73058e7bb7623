"""Who may call, what it costs and that it is written down: keys, limits, ledger, secrets."""
