"""A text's letters as 64 numbers: signed counts of its character sequences, hashed.

These are the features that the small reranker was trained on: scikit-learn's HashingVectorizer with characters, one to
six of them, 64 features, alternating sign and Euclidean length one (scikit-learn user guide, "Feature hashing").
"""

import re

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint32]

_LONGEST = 6
FEATURES = 64
_SPACES = re.compile(r"\s\s+")


def letters(text: str) -> npt.NDArray[np.float32]:
    """The 64 numbers of ``text``; zeros for an empty one."""
    text = _SPACES.sub(" ", text.lower())
    data = np.frombuffer(text.encode(), np.uint8)
    starts = np.flatnonzero((data & 0xC0) != 0x80)  # where a character of UTF-8 begins
    ends = np.append(starts, len(data))
    counts = np.zeros(FEATURES)
    for length in range(1, min(_LONGEST, len(starts)) + 1):
        begins, stops = starts[: len(starts) - length + 1], ends[length:]
        for size in np.unique(stops - begins):
            _count(counts, data, begins[stops - begins == size], int(size))
    norm = float(np.linalg.norm(counts))
    return (counts / norm if norm else counts).astype(np.float32)


def _count(counts: npt.NDArray[np.float64], data: Bytes, begins: npt.NDArray[np.int64], size: int) -> None:
    hashes = murmur(data[begins[:, None] + np.arange(size)]).view(np.int32).astype(np.int64)
    np.add.at(counts, np.abs(hashes) % FEATURES, np.where(hashes >= 0, 1.0, -1.0))


def murmur(rows: Bytes) -> Words:
    """MurmurHash3, the 32-bit variant with seed 0 (Austin Appleby, public domain), of each row's bytes."""
    count, size = rows.shape
    padded = np.zeros((count, -(-size // 4) * 4), np.uint8)
    padded[:, :size] = rows
    blocks = padded.view("<u4")
    hashes = np.zeros(count, np.uint32)
    for at in range(blocks.shape[1]):
        hashes ^= _turned(blocks[:, at] * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)
        if (at + 1) * 4 <= size:
            hashes = _turned(hashes, 13) * np.uint32(5) + np.uint32(0xE6546B64)
    hashes ^= np.uint32(size)
    hashes = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    hashes = (hashes ^ (hashes >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return hashes ^ (hashes >> np.uint32(16))


def _turned(words: Words, bits: int) -> Words:
    return (words << np.uint32(bits)) | (words >> np.uint32(32 - bits))
