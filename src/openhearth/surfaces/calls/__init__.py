"""Single calls after the fact: what they cost and why, receipts, and costs added up."""
