"""A small Open edX-style LMS and a stand-in Catalog service: for trying, and for tests."""
