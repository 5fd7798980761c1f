"""What the LMS knows of its courses in SQL, as edx-platform's app of this name does."""
