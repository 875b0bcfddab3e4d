"""The columns of the quality table and the order of its rows, apart from what needs pandas."""

COLUMNS = [
    "source",
    "fichier",
    "ligne",
    "colonne",
    "valeur",
    "regle",
    "gravite",
    "message",
    "enregistrement",
]
SORT = ["source", "fichier", "ligne", "colonne", "regle", "valeur"]
