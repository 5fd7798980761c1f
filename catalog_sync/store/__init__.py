"""What catalog_sync keeps, and what it writes to. SQL; no HTTP."""
