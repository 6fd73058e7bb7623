"""The OpenAI family of routes."""
