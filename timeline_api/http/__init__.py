"""The edge: URLs, views and all that turns HTTP into calls of selectors and services."""
