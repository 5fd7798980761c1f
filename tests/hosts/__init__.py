"""Small LMS that differ in their course overviews; each runs in a process of its own."""
