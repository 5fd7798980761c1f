"""A host with the modules of edx-platform, reduced to what the app uses."""
