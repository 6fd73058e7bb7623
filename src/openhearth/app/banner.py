"""What a person sees when the platform has started: where it is, the key, and a line that works."""

import sys
from collections.abc import Sequence

_PROMPT = "衣服换成红色,并且带上墨镜🕶"


def show(*, url: str, key: str, lines: Sequence[str]) -> None:
    """Print to standard output."""
    content = f"{url}/samples/portrait.jpg {_PROMPT}"
    body = f'{{"model":"chat-seededit","messages":[{{"role":"user","content":"{content}"}}],"stream":true}}'
    bearer = f"Authorization: Bearer {key or 'YOUR_KEY'}"
    text = [
        "",
        f"  OpenHearth is ready at {url}/v1",
        f"  First key: {key or '(made on the first start; its file has been removed)'}",
        *(f"  {line}" for line in lines),
        "",
        "  Try it:",
        f"  curl -N {url}/v1/chat/completions -H '{bearer}' -H 'Content-Type: application/json' \\",
        f"    -d '{body}'",
        "",
    ]
    sys.stdout.write("\n".join(text) + "\n")
    sys.stdout.flush()
