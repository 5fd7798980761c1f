# The OAuth2 client by which the LMS reads the Catalog. Its user is an ordinary one: that is enough to read, and the
# Catalog's limit of 200 requests an hour is far above what a sync needs.
./manage.py lms manage_user catalog_sync catalog_sync@openedx --unusable-password
./manage.py lms create_dot_application \
  --grant-type client-credentials \
  --redirect-uris "{{ CATALOG_SYNC_API_URL }}" \
  --client-id {{ CATALOG_SYNC_OAUTH2_KEY }} \
  --client-secret {{ CATALOG_SYNC_OAUTH2_SECRET }} \
  --scopes user_id \
  --skip-authorization \
  --update \
  catalog-sync catalog_sync
