"""Prices to begin with: figures of open price data, taken over by ``python -m prices.take_over``.

The data is that of genai-prices: MIT licence, Copyright (c) Pydantic Services Inc. 2025 to present; see LICENSE.txt.
"""
