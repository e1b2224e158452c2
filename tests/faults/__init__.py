"""The fault suite: real processes, broken on purpose, and a checker that shares no code with trygg."""
