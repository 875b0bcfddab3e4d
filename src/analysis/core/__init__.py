"""What every stage stands on: where things are, how they are read and written, how settings and errors are said."""
