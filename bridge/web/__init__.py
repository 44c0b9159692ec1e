"""The way in: one view for every webhook, and health."""
