"""OpenHearth: one self-hosted API for every AI model."""

__version__ = "0.1.0"
