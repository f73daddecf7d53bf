"""Views of the site, one noun a module. They ask `request.api` and render what it says."""
