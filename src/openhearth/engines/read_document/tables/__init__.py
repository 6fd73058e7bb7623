"""Tables by their lines, tables by how their texts stand, and both as Markdown and HTML."""
