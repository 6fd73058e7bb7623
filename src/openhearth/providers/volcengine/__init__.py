"""Volcengine Ark: Doubao chat and embedding models in OpenAI's form, Seedream and SeedEdit pictures in Ark's own."""

from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Provider, PublicModel

PUBLIC_MODELS = (
    PublicModel("seededit", "doubao-seededit-3-0-i2i-250628", (Operation.IMAGE_EDIT,)),
    PublicModel("seedream", "doubao-seedream-4-0-250828", (Operation.IMAGE_GENERATE, Operation.IMAGE_EDIT)),
)

PROVIDER = Provider(
    name="volcengine",
    title="Volcengine Ark (火山方舟)",
    base_url="https://ark.cn-beijing.volces.com/api/v3",
    env_key="ARK_API_KEY",
    speaks={
        Operation.CHAT: Dialect.OPENAI_CHAT,
        Operation.EMBED: Dialect.OPENAI_EMBEDDINGS,
        Operation.IMAGE_GENERATE: Dialect.ARK_IMAGES,
        Operation.IMAGE_EDIT: Dialect.ARK_IMAGES,
    },
    models=("doubao-*", "ep-*"),
    public_models=PUBLIC_MODELS,
)

# Its credential is an access key pair, ACCESS_KEY:SECRET_KEY, with which the driver signs.
KNOWLEDGE = Provider(
    name="volcengine-knowledge",
    title="Volcengine VikingDB knowledge base (rerank)",
    base_url="https://api-knowledgebase.mlp.cn-beijing.volces.com",
    speaks={Operation.RERANK: Dialect.VIKING_RERANK},
    models=("doubao-seed-rerank*", "base-multilingual-rerank", "m3-v2-rerank", "Doubao-pro-4k-rerank"),
    auth="none",
)
