"""From what hibari's network says of each 12.5 ms to a waveform: a pulse train and noise, shaped and put together.

The spectrum is ``exp(lh) e^{iπ tanh θ} STFT(pulses) + exp(ln) Z + exp(lr) e^{iφ}``, as the description of the package
hibari-tts 0.2.1 (section "ONNX interface") says; its inverse is the sound.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Spectrum = NDArray[np.complex64]

RATE = 24_000
_WINDOW = 1200
_HOP = 300
_OVERLAP = _WINDOW // _HOP
_VOICED_HZ = 40.0
_HIGHEST_HZ = 11_000.0
_LOUDEST_LOG = 7.0


class Frames:
    """The five parts of the spectrum, each bins × frames."""

    __slots__ = ("harmonic", "noise", "phase", "rest", "turn")

    def __init__(self, harmonic: Floats, turn: Floats, noise: Floats, rest: Floats, phase: Floats) -> None:
        self.harmonic = harmonic
        self.turn = turn
        self.noise = noise
        self.rest = rest
        self.phase = phase


def waveform(frames: Frames, pitch_hz: Floats, noise: np.random.Generator) -> Floats:
    """Sound at 24 kHz, 300 samples per frame."""
    spectrum = _spectrum(_pulses(pitch_hz), len(pitch_hz))
    spectrum *= _polar(frames.harmonic, np.float32(np.pi) * np.tanh(frames.turn))
    shape = (*frames.noise.shape, 2)
    spectrum += _loud(frames.noise) * noise.standard_normal(shape, dtype=np.float32).view(np.complex64)[..., 0]
    spectrum += _polar(frames.rest, frames.phase)
    return _inverse(spectrum)


def _polar(log_size: Floats, angle: Floats) -> Spectrum:
    turned = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=turned.real)
    np.sin(angle, out=turned.imag)
    turned *= _loud(log_size)
    return turned


def _loud(log_size: Floats) -> Floats:
    return np.exp(np.minimum(log_size, _LOUDEST_LOG))


def _window() -> Floats:
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW), np.float32)


def _pulses(pitch_hz: Floats) -> Floats:
    """All harmonics of the pitch below 11 kHz at equal strength: ``sin((H+½)t) / 2 sin(t/2) - ½``; 0 where unvoiced."""
    frames = len(pitch_hz)
    at = (np.arange(frames * _HOP) + 0.5) / _HOP - 0.5
    pitch = np.interp(at, np.arange(frames), pitch_hz)
    is_voiced = pitch > _VOICED_HZ
    pitch = np.maximum(pitch, _VOICED_HZ)
    phase = 2 * np.pi * np.modf(np.cumsum(pitch) / RATE)[0]
    order = np.floor(_HIGHEST_HZ / pitch) + 0.5
    below = 2 * np.sin(phase / 2)
    is_peak = np.abs(below) < 2e-3
    below[is_peak] = 1.0
    train = np.where(is_peak, order, np.sin(order * phase) / below) - 0.5
    train[~is_voiced] = 0.0
    return np.asarray(train, np.float32)


def _spectrum(sound: Floats, frames: int) -> Spectrum:
    padded = np.pad(sound, _WINDOW // 2, mode="reflect")
    cut = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP][:frames]
    return np.asarray(np.fft.rfft(cut * (_window() / _HOP), axis=1).T, np.complex64)


def _inverse(spectrum: Spectrum) -> Floats:
    """Overlap-add of the inverse transforms, evened out by the sum of squared windows."""
    frames = spectrum.shape[1]
    window = _window()
    pieces = np.asarray(np.fft.irfft(spectrum.T, _WINDOW, axis=1), np.float32) * window
    blocks = pieces.reshape(frames, _OVERLAP, _HOP)
    squares = (window * window).reshape(_OVERLAP, _HOP)
    sound = np.zeros((frames + _OVERLAP - 1, _HOP), np.float32)
    weight = np.zeros_like(sound)
    for place in range(_OVERLAP):
        sound[place : place + frames] += blocks[:, place]
        weight[place : place + frames] += squares[place]
    sound /= np.maximum(weight, 1e-11)
    half = _WINDOW // 2
    return sound.reshape(-1)[half : half + frames * _HOP]
