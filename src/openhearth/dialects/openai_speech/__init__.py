"""OpenAI's form of speech: ``POST /v1/audio/speech`` (OpenAI API reference, "Create speech")."""
