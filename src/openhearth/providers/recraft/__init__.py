"""Recraft: pictures in OpenAI's form (a row of the catalogue), and picture tools of its own."""
