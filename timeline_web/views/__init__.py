"""Views of the site, one noun per module. They ask `request.api` and render its answers."""
