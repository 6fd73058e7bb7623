"""Born-digital files that have no pages: each format to Markdown by the small library made for it."""
