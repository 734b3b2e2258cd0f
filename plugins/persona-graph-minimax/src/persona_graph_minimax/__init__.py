"""Persona Graph provider: voice cloning and speech by MiniMax."""
