"""Fish Audio's form of speech: ``POST /v1/tts``, as JSON or MessagePack (its API reference, "Text to Speech")."""
