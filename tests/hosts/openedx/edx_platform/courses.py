"""The courses of the test host, and its learners. The tests and the processes of the host share them."""

LMS_HOST = "lms.example.com"
LMS_ROOT_URL = f"https://{LMS_HOST}"
# The site of learners has another root than the settings.
SITE_ROOT_URL = "https://learn.example.com"
CATALOG_MFE_URL = "https://catalog.example.com"
DEV_SITE = f"{LMS_HOST}:8000"
SERVICE_USER = "lms_catalog_service_user"
LEARNER, PROLIFIC_LEARNER = "learner", "prolific_learner"

OFFERED = "course-v1:HostX+Offered+2026"
SOCIAL = "course-v1:HostX+Social+2026"
UNPUBLISHED = "course-v1:HostX+Unpublished+2026"
UNKNOWN = "course-v1:HostX+Unknown+2026"
OLD = "HostX/Old/2026"
CCX = "ccx-v1:HostX+Offered+2026+ccx@7"
FEW = (OFFERED, SOCIAL, UNPUBLISHED, UNKNOWN, OLD, CCX)
SOCIAL_URL = "https://social.example.com/host"

ORGANIZATIONS = 20
MANY = tuple(f"course-v1:Org{number % ORGANIZATIONS}X+C{number}+2026" for number in range(1000))

MARKETING_URLS = {
    key: f"https://www.example.com/course/{number}"
    for number, key in enumerate((OFFERED, SOCIAL, UNPUBLISHED, OLD, *MANY))
}


def catalog_rows() -> list[dict[str, str]]:
    """Return the rows of the Catalog."""
    return [
        {
            "key": key,
            "marketing_url": url,
            "status": "unpublished" if key == UNPUBLISHED else "published",
            "content_language": "pt-br",
        }
        for key, url in MARKETING_URLS.items()
    ]


def about_page(key: str, root_url: str = SITE_ROOT_URL) -> str:
    """Return the URL of the LMS's about page."""
    return f"{root_url}/courses/{key}/about"
