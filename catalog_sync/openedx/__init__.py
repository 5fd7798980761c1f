"""What edx-platform itself offers. Only this package imports its modules, and only if they are installed."""
