"""HTTP emulators of the vendors that Persona Graph's plugins call, faults included, on loopback."""
