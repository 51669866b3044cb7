"""What it takes to run the platform: locally, and in production."""
