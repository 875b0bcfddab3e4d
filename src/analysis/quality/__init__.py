"""What the sources lacked this time, and whether published figures agree with each other."""
