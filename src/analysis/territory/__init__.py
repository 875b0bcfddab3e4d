"""The sheet of one territory: what all deliverables say of a department or an intercommunalité, on one page."""
