"""Textin (合合): documents to Markdown, text, tables, bills, and pages made better, in its own form."""

from openhearth.core.operations import Operation
from openhearth.core.provider import Dialect, Provider, PublicModel

PROVIDER = Provider(
    name="textin",
    title="Textin (合合信息)",
    base_url="https://api.textin.com/ai/service",
    env_key="TEXTIN_API_KEY",
    speaks={Operation.READ_DOCUMENT: Dialect.TEXTIN_DOCUMENTS},
    models=("textin*",),
    auth="x-ti-app-id",
    public_models=(PublicModel("textin", "textin", (Operation.READ_DOCUMENT,)),),
)
