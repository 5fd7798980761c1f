"""All reading and writing of the database. It sends no HTTP request."""
