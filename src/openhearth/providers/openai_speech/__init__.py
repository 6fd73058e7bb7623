"""Speech from OpenAI, from servers that copy its form, and from the embedded voices."""
