"""Rerankers of every known wire form, the embedded one among them."""
