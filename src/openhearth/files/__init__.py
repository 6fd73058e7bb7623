"""Files of clients: kept by owner, found by content, gone when they expire."""
