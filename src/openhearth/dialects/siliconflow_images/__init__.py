"""Picture work as SiliconFlow speaks it: ``POST /v1/images/generations`` (its API reference, "创建图片生成请求")."""
