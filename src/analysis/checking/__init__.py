"""What is asked of a finished site: figures that follow, links that lead somewhere, nothing that may not leave."""
