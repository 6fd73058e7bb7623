"""Fish Audio's own paths: speech, and the list of voices."""
