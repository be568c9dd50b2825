"""Speech in and out."""
