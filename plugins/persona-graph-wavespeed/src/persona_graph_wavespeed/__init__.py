"""Persona Graph providers: Hunyuan Avatar, InfiniteTalk and MiniMax voices through WaveSpeed."""
