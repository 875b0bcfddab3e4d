"""What helps a buyer to plan a purchase: what the law asks, how many hours, who does what and when."""
