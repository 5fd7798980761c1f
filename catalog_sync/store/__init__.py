"""What this app stores and writes in the database; sends no HTTP request."""
