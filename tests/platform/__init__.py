"""The sandbox LMS with edx-platform's Catalog integration and site configuration, in a process of its own."""
