"""Persona Graph provider: stock speech by the public Google Translate endpoint."""
