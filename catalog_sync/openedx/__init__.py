"""The features of edx-platform that this app uses. Only this package imports modules of edx-platform."""
