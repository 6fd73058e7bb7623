"""References of a JSON schema into itself, led to where it will stand: the runtime takes only ``#/$defs/…``."""


def led_to(root: str, schema: object) -> object:
    """``schema`` with its references to itself led to ``root``, where it will stand."""
    if isinstance(schema, list):
        return [led_to(root, one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    led = {name: led_to(root, value) for name, value in schema.items()}
    target = schema.get("$ref")
    if isinstance(target, str) and target.startswith("#"):
        led["$ref"] = root + target[1:]
    return led


def rooted(schema: dict[str, object]) -> dict[str, object]:
    """The same schema, its root among the definitions where something refers to it (``"$ref": "#"``)."""
    if not _refers_to_root(schema):
        return schema
    return {"$ref": "#/$defs/root", "$defs": {"root": led_to("#/$defs/root", schema)}}


def _refers_to_root(schema: object) -> bool:
    if isinstance(schema, list):
        return any(map(_refers_to_root, schema))
    return isinstance(schema, dict) and (schema.get("$ref") == "#" or any(map(_refers_to_root, schema.values())))
