"""ElevenLabs' form of speech: ``POST /v1/text-to-speech/{voice_id}`` (ElevenLabs API reference, "Text to Speech")."""
