"""Speech to text at upstreams of OpenAI's form, the embedded engine among them."""
