"""The OpenAPI description: operations, errors and examples."""
