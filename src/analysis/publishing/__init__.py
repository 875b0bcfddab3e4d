"""From protected tables and thin notebooks to pages that can be published."""
