"""The tests of the sandbox: the LMS, and the stand-in Catalog."""
