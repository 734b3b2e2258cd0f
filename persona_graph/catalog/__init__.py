"""Which plugins are here, what they offer, which tier may buy what, and at which price."""
