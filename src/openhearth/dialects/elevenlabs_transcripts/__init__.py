"""Speech to text in ElevenLabs' form: https://elevenlabs.io/docs/api-reference/speech-to-text/convert."""
