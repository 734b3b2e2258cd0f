"""Personas, voices, avatars, consent and outputs: their tables and use cases."""
