"""Model names to targets, in the order they are to be tried."""
