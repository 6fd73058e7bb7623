"""Pictures from any server with OpenAI's images API: OpenAI itself, and the many that copied its form."""
