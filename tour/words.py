"""Chat, completions, models, embeddings, rerank, moderation, files."""

import base64

from openai.types import ModerationImageURLInputParam

from tour.visitor import Shown, Visitor

CHAT = "qwen2.5-coder-0.5b-instruct"
EMBED, RERANK, MODERATE = "use-multilingual-embed", "nano-rerank", "local-moderation"
TEXTS = ("Our office is in Paris.", "Refunds reach your card within 14 days.", "The cake needs three eggs.")


def models(visitor: Visitor) -> Shown:
    models = visitor.json("/v1/models")["data"]
    ready = [model["id"] for model in models if model["installed"]]
    assert {model.id for model in visitor.openai.models.list().data} == {model["id"] for model in models}
    assert ready
    return Shown("–", f"{len(ready)} models can be asked")


def models_for_claude(visitor: Visitor) -> Shown:
    page = visitor.json("/v1/models?limit=2", anthropic_version="2023-06-01")
    assert all(model["lifecycle"] == "active" for model in page["data"])
    return Shown("–", f"{page['data'][0]['id']} and more, as Anthropic lists models")


def models_for_gemini(visitor: Visitor) -> Shown:
    page = visitor.json("/v1/models?pageSize=2", x_goog_api_key=visitor.key)
    return Shown("–", f"{page['models'][0]['name']} and more, as Gemini lists models")


def chat(visitor: Visitor) -> Shown:
    answer = visitor.openai.chat.completions.create(
        model=CHAT,
        messages=[{"role": "user", "content": "What is the capital of France? One word."}],
        max_tokens=8,
        temperature=0,
    )
    text = answer.choices[0].message.content or ""
    assert "Paris" in text
    return Shown(answer.model, text.strip())


def chat_stream(visitor: Visitor) -> Shown:
    pieces = visitor.openai.chat.completions.create(
        model=CHAT,
        messages=[{"role": "user", "content": "Count from one to five."}],
        max_tokens=24,
        stream=True,
    )
    texts = [piece.choices[0].delta.content or "" for piece in pieces if piece.choices]
    assert len(texts) > 3
    return Shown(CHAT, f"{len(texts)} chunks: {' '.join(''.join(texts).split())[:50]}")


def complete(visitor: Visitor) -> Shown:
    answer = visitor.openai.completions.create(model=CHAT, prompt="def add(a, b):\n    return", max_tokens=6)
    text = answer.choices[0].text
    assert "+" in text
    return Shown(answer.model, f"def add(a, b): return {' '.join(text.split())}")


def embed(visitor: Visitor) -> Shown:
    answer = visitor.openai.embeddings.create(model=EMBED, input=["如何退款？", *TEXTS[1:]])
    query, right, wrong = (item.embedding for item in answer.data)
    near, far = _dot(query, right), _dot(query, wrong)
    assert near > far
    return Shown(answer.model, f"{len(query)} numbers each; zh question ↔ en answer {near:.2f}, ↔ cake {far:.2f}")


def rerank(visitor: Visitor) -> Shown:
    answer = visitor.cohere.rerank(model=RERANK, query="How do I get my money back?", documents=list(TEXTS))
    first = answer.results[0]
    assert first.index == 1
    return Shown(RERANK, f"best: “{TEXTS[first.index]}” ({first.relevance_score:.2f})")


def rerank_objects(visitor: Visitor) -> Shown:
    documents = [{"title": "Ort", "text": TEXTS[0]}, {"title": "Geld", "text": TEXTS[1]}]
    answer = visitor.asked(
        "/v1/rerank", {"query": "退款", "documents": documents, "top_n": 1, "return_documents": True}
    )
    assert answer["results"][0]["document"]["title"] == "Geld"
    return Shown(answer["model"], "Jina's form, objects, a Chinese query: the right object comes back whole")


def moderate(visitor: Visitor) -> Shown:
    bad, good = visitor.openai.moderations.create(
        model=MODERATE, input=["I will kill you tomorrow.", "How do I kill a Python process?"]
    ).results
    assert bad.flagged
    assert not good.flagged
    named = [name for name, is_so in bad.categories.model_dump(by_alias=True).items() if is_so]
    return Shown(MODERATE, f"a threat is flagged ({', '.join(named)}), a harmless question is not")


def moderate_picture(visitor: Visitor) -> Shown:
    uri = f"data:image/jpeg;base64,{base64.b64encode(visitor.portrait()).decode()}"
    picture: ModerationImageURLInputParam = {"type": "image_url", "image_url": {"url": uri}}
    answer = visitor.openai.moderations.create(model=MODERATE, input=[picture]).results[0]
    assert not answer.flagged
    return Shown(MODERATE, f"a portrait is not flagged (sexual {answer.category_scores.sexual:.3f})")


def files(visitor: Visitor) -> Shown:
    kept = visitor.openai.files.create(file=("note.txt", b"remember the milk"), purpose="user_data")
    back = visitor.openai.files.content(kept.id).read()
    visitor.openai.files.delete(kept.id)
    assert back == b"remember the milk"
    return Shown("–", "a file kept, read and deleted")


def _dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
