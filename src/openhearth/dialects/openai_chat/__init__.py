"""Chat as OpenAI speaks it: ``/chat/completions``, its messages, chunks and completions."""
