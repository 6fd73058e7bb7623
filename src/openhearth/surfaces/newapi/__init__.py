"""The system API of New API and one-api: accounts, tokens, channels, logs and money as their clients know them."""
