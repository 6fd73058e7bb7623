"""Rerank, in the forms of Jina and of Cohere."""
