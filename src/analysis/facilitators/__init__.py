"""The inventory: who supports social clauses, how many people and ETP, hosted by whom, covering where."""
