"""A host with the modules of edx-platform, in which the wheel is installed."""
