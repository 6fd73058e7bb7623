"""The heart: one call in eight steps, whatever the door and whatever the target."""
