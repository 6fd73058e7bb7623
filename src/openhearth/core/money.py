"""Integer money. The unit is the micro: one millionth of the ledger's currency (USD)."""

import msgspec

from openhearth.core.call import Usage


class Price(msgspec.Struct, frozen=True):
    """What one call on a target costs, in micros. Zero everywhere means free (embedded engines)."""

    request_micros: int = 0
    input_micros_per_mtok: int = 0
    output_micros_per_mtok: int = 0
    image_micros: int = 0

    def cost(self, usage: Usage) -> int:
        """Cost in micros, rounded up once at the end so that nothing chargeable is rounded away."""
        tokens = usage.input_tokens * self.input_micros_per_mtok + usage.output_tokens * self.output_micros_per_mtok
        return self.request_micros + usage.images * self.image_micros + -(-tokens // 1_000_000)


FREE = Price()
