#!/usr/bin/env bash
# The one step of the job LMS_update_catalog_data. It ends with the exit status of the command itself:
#   0   everything was applied
#   1   something was not: the job fails, and somebody is told
#   2   a parameter is invalid: the job fails, too
#   75  another sync is running, and does this one's work: the job is unstable, and nobody is told
#
# PAGE_SIZE   parameter: course runs a request, or auto; empty: as Django admin says
# DRY_RUN     parameter, true: write nothing
# LMS_MANAGE  of the node: how manage.py of the LMS is called there, in words without quotes. For example:
#             docker exec lms ./manage.py lms
set -euo pipefail

read -r -a command <<<"${LMS_MANAGE:-python manage.py lms}"
command+=(update_catalog_data --no-progress)

case "${PAGE_SIZE:-}" in
    "") ;;
    auto) command+=(--page-size auto) ;;
    *[!0-9]*) echo "PAGE_SIZE is to be a number, auto or empty, not '$PAGE_SIZE'." >&2; exit 2 ;;
    *) command+=(--page-size "$PAGE_SIZE") ;;
esac

case "${DRY_RUN:-false}" in
    true) command+=(--dry-run) ;;
    false) ;;
    *) echo "DRY_RUN is to be true or false, not '$DRY_RUN'." >&2; exit 2 ;;
esac

# In place of this shell: the SIGTERM of a time-out or an abort goes to the command, which then ends after its page.
exec "${command[@]}"
