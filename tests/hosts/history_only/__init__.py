"""Another model, with a history under another name and in a column-for-column table of its own; no ``modified``."""
