#!/usr/bin/env bash
# The one step of the job LMS_update_catalog_data. Its exit status is that of update_catalog_data:
#   0   everything was applied, or the sync is disabled
#   1   something was not applied: the job fails and sends mail
#   2   a parameter is invalid: the job fails and sends mail
#   75  another sync is running: the job is unstable and sends no mail
#
# PAGE_SIZE   parameter: course runs per request, or auto. Empty: the value in Django admin.
# DRY_RUN     parameter: true writes nothing.
# LMS_MANAGE  environment variable of the node: the command that runs the LMS's manage.py, in words without quotes.
#             For example: docker exec lms ./manage.py lms
set -euo pipefail

read -r -a command <<<"${LMS_MANAGE:-python manage.py lms}"
command+=(update_catalog_data --no-progress)

case "${PAGE_SIZE:-}" in
    "") ;;
    auto) command+=(--page-size auto) ;;
    *[!0-9]*) echo "PAGE_SIZE must be a number, auto or empty, not '$PAGE_SIZE'." >&2; exit 2 ;;
    *) command+=(--page-size "$PAGE_SIZE") ;;
esac

case "${DRY_RUN:-false}" in
    true) command+=(--dry-run) ;;
    false) ;;
    *) echo "DRY_RUN must be true or false, not '$DRY_RUN'." >&2; exit 2 ;;
esac

# exec, so that the SIGTERM of a time-out or an abort reaches the command, which then ends after its page.
exec "${command[@]}"
