"""What stands around the pages: home, directory, method, downloads; the site is declared finished here."""
