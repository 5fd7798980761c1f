"""A small LMS in the style of Open edX and a stand-in Catalog service, for demos and tests."""
