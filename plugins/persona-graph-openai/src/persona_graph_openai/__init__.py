"""Persona Graph providers: text and speech by any OpenAI-compatible server."""
