"""SiliconFlow's picture models; its other operations speak OpenAI's forms and are a row of the catalogue."""
