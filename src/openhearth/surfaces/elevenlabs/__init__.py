"""ElevenLabs' own paths."""
