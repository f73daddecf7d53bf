"""System checks of shardrouter."""
