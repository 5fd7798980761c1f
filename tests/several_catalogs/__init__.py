"""Several Catalogs and one LMS."""
