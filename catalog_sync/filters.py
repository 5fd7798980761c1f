"""A pipeline step for Open edX filters: the marketing URL in the LMS's own links."""
