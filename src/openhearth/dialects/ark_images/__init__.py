"""Picture work as Volcengine Ark speaks it: ``POST /api/v3/images/generations`` (Ark API reference, "图片生成 API")."""
