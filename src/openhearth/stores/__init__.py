"""Where data is kept: one port per nature, implementations beside it."""
