"""Another model under another name, its key another field of another type; neither ``history`` nor ``modified``."""
