"""Tests of deploy/: the Tutor plugin and the Jenkins jobs."""
