"""A Tutor plugin that keeps course marketing URLs from the Catalog on the LMS's course overviews."""
