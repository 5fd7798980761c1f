{%- if CATALOG_SYNC_USE_OAUTH2_CLIENT %}
# The OAuth2 client with which the LMS reads the Catalog. Its user needs no staff rights: a sync stays far below the
# Catalog's limit of 200 requests per hour.
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
{%- else %}
echo "catalog-sync needs no OAuth2 client: it uses the LMS's Catalog integration."
{%- endif %}
