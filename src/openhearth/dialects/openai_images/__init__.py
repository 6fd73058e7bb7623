"""Picture work as OpenAI speaks it: ``/images/generations`` (JSON) and ``/images/edits`` (JSON or multipart)."""
