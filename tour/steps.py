"""The steps of the tour, in order: each calls one surface as a user's program would and says what came back.

A step raises AssertionError when the answer is not what it should be: the tour is a check as well as a show.
"""

from collections.abc import Callable

from tour import papers, pictures, sounds, words
from tour.visitor import Shown, Visitor

STEPS: tuple[tuple[str, Callable[[Visitor], Shown]], ...] = (
    ("GET /v1/models", words.models),
    ("… with Anthropic's header", words.models_for_claude),
    ("… with Gemini's header", words.models_for_gemini),
    ("POST /v1/chat/completions", words.chat),
    ("… as a stream", words.chat_stream),
    ("… a picture edited in a chat", pictures.edit_in_a_chat),
    ("POST /v1/completions", words.complete),
    ("POST /v1/embeddings", words.embed),
    ("POST /v2/rerank", words.rerank),
    ("POST /v1/rerank", words.rerank_objects),
    ("POST /v1/moderations", words.moderate),
    ("… a picture", words.moderate_picture),
    ("POST /v1/images/generations", pictures.poster),
    ("… as a drawing", pictures.drawn_poster),
    ("POST /v1/images/edits", pictures.edit),
    ("… as a stream", pictures.edit_stream),
    ("POST /v1/images/variations", pictures.vary),
    ("GET /v1/images/{id}/lineage", pictures.lineage),
    ("POST /aitools/v1/images/edits", pictures.cut_out),
    ("POST /aitools/v1/images", pictures.expand),
    ("POST …/recraft/v1/images/vectorize", pictures.vectorise),
    ("GET /beta/image", pictures.by_address),
    ("GET /v1/audio/voices", sounds.voices),
    ("POST /v1/audio/speech", sounds.speak),
    ("… in other formats", sounds.speak_formats),
    ("… in Chinese", sounds.speak_chinese),
    ("POST /elevenlabs/v1/text-to-speech/…", sounds.speak_with_times),
    ("POST /fish/v1/tts", sounds.speak_as_fish),
    ("POST /v1/audio/transcriptions", sounds.transcribe),
    ("… Chinese", sounds.transcribe_chinese),
    ("… as a stream", sounds.transcribe_stream),
    ("… as subtitles", sounds.subtitles),
    ("POST /v1/audio/translations", sounds.translate),
    ("POST /elevenlabs/v1/speech-to-text", sounds.transcribe_as_elevenlabs),
    ("POST /v1/ocr", papers.read_scan),
    ("POST /textin/v1/pdf_to_markdown", papers.read_paper),
    ("POST …/bill_recognize_v2", papers.read_receipt),
    ("POST /textin/v1/crop_enhance_image", papers.straighten),
    ("POST /v1/files", words.files),
)
