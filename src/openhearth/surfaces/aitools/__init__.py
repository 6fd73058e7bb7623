"""Picture tools in the forms of the platform we follow: one path by task, one by model, Recraft's own, and a link."""
