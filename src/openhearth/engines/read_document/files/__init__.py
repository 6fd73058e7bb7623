"""From a stranger's bytes to pages: what a file is, whether it may be opened, and its pixels or text."""
