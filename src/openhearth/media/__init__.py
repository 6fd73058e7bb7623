"""Pictures people give and pictures we make: reading a conversation, finding sources, keeping results."""
