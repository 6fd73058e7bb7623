"""Speech to text in OpenAI's form: https://platform.openai.com/docs/api-reference/audio/createTranscription."""
