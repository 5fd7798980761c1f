"""Course overviews with a history whose rows Python numbers, with UUIDs."""
