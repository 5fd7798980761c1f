"""A Tutor plugin that syncs course marketing URLs from the Catalog to the LMS."""
