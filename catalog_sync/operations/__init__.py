"""What operators see and do: start and cancel a sync, read its health, find out why a learner gets a link."""
