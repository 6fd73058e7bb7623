"""Networks that look at a page: lines of text, and regions of layout."""
