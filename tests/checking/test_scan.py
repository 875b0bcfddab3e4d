from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import xlsxwriter
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from analysis.checking.scan import check_site, days, findings, runs, site_files
from analysis.core.errors import DataError
from analysis.core.files import read_table, write_table, write_text
from analysis.core.paths import (
    ROOT_VARIABLE,
    clean_dir,
    fingerprints_dir,
    project_root,
    protected_dir,
    raw_dir,
    reports_dir,
)
from analysis.publishing import scripts
from analysis.publishing.templating import fill
from analysis.site import home
from analysis.sources.persons import fingerprints, load_secret

REGION = ["02", "59", "60", "62", "80"]
CONTACT = "Jeanne Lefort, jeanne.lefort@exemple.invalid, 03 20 11 22 33"
PEOPLE = pd.DataFrame(
    {"nom": ["Durand-Élie", "Moulin", "Lefort", "de la Tour"], "prenom": ["Zoé", "Jean", "Jeanne", "Anne-Marie"]}
)
BIRTHS = pd.Series(pd.to_datetime(["2001-03-05", "1998-07-29", "2016-01-31"]))
OBJECT = "Rénovation du lycée Jean Moulin à Amiens"


@pytest.fixture
def folder(project: Path) -> Path:
    """A small site that may be published, of a dataset that received four persons."""
    (raw_dir("jouet") / "secret.txt").write_text("a secret of more than sixteen letters")
    marks = fingerprints(PEOPLE, BIRTHS, load_secret("jouet"))
    write_table(marks, fingerprints_dir("jouet") / "empreintes_beneficiaires.parquet")
    write_table(
        pd.DataFrame({"uid": ["2025010123456"], "acheteur_nom": ["Région Hauts-de-France"], "objet": [OBJECT]}),
        clean_dir("jouet", "decp") / "marches.parquet",
    )
    contacts = pd.DataFrame(
        {"epci_siren": ["200093201"], "rang": [1], "structure_id": ["S1"], "nom": ["PLIE Jean Moulin"]}
    ).assign(
        nature_porteuse="PLIE",
        commune="Lille",
        contact=CONTACT,
        minutes=pd.array([None], dtype="Float64"),
        vacante=None,
    )
    write_table(contacts, protected_dir("jouet") / "facilitators" / "annuaire.parquet")
    needs = pd.DataFrame({"besoin_id": ["B1"], "objet": [OBJECT], "fin": pd.to_datetime(["2016-01-31"])})
    write_table(needs, protected_dir("jouet") / "segments" / "veille_besoins.parquet")
    made = reports_dir("jouet")
    for path in protected_dir("jouet").glob("*/*.parquet"):
        write_table(read_table(path), made / "tables" / f"{path.parent.name}_{path.stem}.csv")
    write_text(page(table(5)), made / "consolidation" / "2016-32.html")
    write_text(calendar(OBJECT), made / "veille" / "veille_32.ics")
    return made


def table(rows: int) -> str:
    cells = "\n".join(f"<tr><th>Public {n}</th><td>{n}</td></tr>" for n in range(rows))
    return f"""<div class="table"><table><thead><tr><th>Public</th><th>Heures</th></tr></thead><tbody>
{cells}</tbody></table>
<p class="about"><a href="../tables/consolidation_indicateurs.csv">CSV</a></p></div>"""


def page(body: str) -> str:
    """A page with the style of the site, an image, a text of the open data and a contact that was agreed upon."""
    return f"""<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><title>Essai</title><style>{fill("style.css")}</style></head><body>
<p>{OBJECT}, le 31 janvier 2016 ; SIRET 21590350100017 ; marché 2025010123456 ; 1 302 553,5 heures.</p><p>{CONTACT}</p>
<img alt="Une image" src="{png(Software="Essai")}">
<script type="application/json">{scripts.towns(REGION)}</script><script>{scripts.search().text}</script>
<script>{scripts.tables().text}</script>
{body}
</body></html>
"""


def png(**metadata: str) -> str:
    """The address of a PNG image that holds these texts."""
    info, made = PngInfo(), io.BytesIO()
    for name, value in metadata.items():
        info.add_text(name, value)
    Image.new("RGB", (2, 2)).save(made, "PNG", pnginfo=info)
    return "data:image/png;base64," + base64.b64encode(made.getvalue()).decode()


def calendar(summary: str, events: int = 1) -> str:
    """A calendar as programs read it: lines of at most 60 signs, folded."""
    line = f"SUMMARY:80 % : {summary}"
    folded = "\r\n ".join(line[at : at + 60] for at in range(0, len(line), 60))
    event = f"BEGIN:VEVENT\r\nUID:{'0a' * 16}@veille.clauses-sociales\r\n{folded}\r\nEND:VEVENT\r\n"
    return "BEGIN:VCALENDAR\r\n" + events * event + "END:VCALENDAR\r\n"


def in_page(body: str) -> Callable[[Path], None]:
    return lambda folder: write_text(page(body), folder / "consolidation" / "2016-32.html")


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def in_csv(value: str) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        path = folder / "tables" / "consolidation_indicateurs.csv"
        write_table(pd.read_csv(path).assign(public=value), path)

    return plant


def in_calendar(value: str) -> Callable[[Path], None]:
    return lambda folder: write_text(
        calendar(f"Objet assez long pour qu'il soit plié au milieu, {value}"), folder / "a.ics"
    )


def in_workbook(folder: Path, *, cell: object = "Public", **properties: str) -> None:
    with xlsxwriter.Workbook(folder / "tables" / "a.xlsx") as book:
        book.set_properties(properties)
        book.add_worksheet().write_column(0, 0, cell if isinstance(cell, list) else [cell])


def on_sheet(plant: Callable[[xlsxwriter.Workbook, xlsxwriter.workbook.Worksheet], object]) -> Callable[[Path], None]:
    """A workbook of one sheet, to which `plant` adds something that is not in its cells."""

    def made(folder: Path) -> None:
        with xlsxwriter.Workbook(folder / "tables" / "a.xlsx") as book:
            plant(book, book.add_worksheet())

    return made


def folded(value: bytes, at: int) -> Callable[[Path], None]:
    """A calendar whose summary is folded after so many bytes, even inside a letter."""
    summary = b"SUMMARY:" + value
    text = calendar(OBJECT).encode().replace(b"END:VEVENT", summary[:at] + b"\r\n " + summary[at:] + b"\r\nEND:VEVENT")
    return lambda folder: (folder / "a.ics").write_bytes(text)  # type: ignore[func-returns-value]


def file(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: write_text(text, folder / name)


def plants() -> dict[str, tuple[Callable[[Path], None], str, str, str]]:
    """What is planted, where it must be found, as what, and the value that no message may say."""
    mail, phone, nir = "adresse électronique", "numéro de téléphone", "numéro de sécurité sociale"
    name, birth = "nom d'une personne", "date de naissance d'une personne"
    finer, more, alien = "plus fins qu'une table protégée", "plus de lignes", "qui n'est pas du site"
    here, csv, ics, xlsx = "2016-32.html, ligne", "indicateurs.csv, ligne 2", "a.ics, ligne 4", "a.xlsx, propriétés"
    hidden, trace, place = "que le site ne publie pas", "trace d'une erreur", "chemin d'une machine"
    request, altered = "demande d'un fichier", "qui n'est pas celui de la table protégée"
    points = " ".join(f"{n},{n * n}.5" for n in range(50))
    return {
        "NIR in a page": (in_page("<p>201035935012345</p>"), here, nir, "201035935012345"),
        "NIR in an attribute": (in_page('<p title="2 01 03 59 350 123 45">'), here, nir, "350 123"),
        "NIR in a CSV": (in_csv("2010359350123"), csv, nir, "2010359350123"),
        "e-mail in a comment": (in_page("<!-- zoe@example.org -->"), here, mail, "zoe@"),
        "e-mail in a calendar": (in_calendar("zoe@example.org"), ics, mail, "zoe@"),
        "e-mail near a contact": (in_page(f"<p>{CONTACT}, zoe@example.org</p>"), here, mail, "zoe@"),
        "phone at the end of a sentence": (in_page("<p>Au 06 39 98 12 34.</p>"), here, phone, "39 98"),
        "phone in a CSV": (in_csv("0639981234"), csv, phone, "0639981234"),
        "phone in a workbook": (lambda at: in_workbook(at, cell="+33639981234"), "a.xlsx, ligne 1", phone, "39981"),
        "name in a page": (in_page("<p>Vu avec <b>Zoé</b> DURAND ELIE hier.</p>"), here, name, "durand"),
        "name across cells": (in_page("<table><tr><td>Durand<td>Élie Zoé</table>"), here, name, "durand"),
        "name of five words": (in_page("<p>anne marie de la tour</p>"), here, name, "tour"),
        "name outside its open text": (in_page(f"<p>{OBJECT}, Jean Moulin</p>"), here, name, "moulin"),
        "name in a CSV": (in_csv("Durand-Élie, Zoé"), csv, name, "durand"),
        "name in a calendar": (in_calendar("Zoé Durand-Elie"), ics, name, "durand"),
        "name in a property": (lambda folder: in_workbook(folder, author="Zoé Durand-Élie"), xlsx, name, "durand"),
        "name over two paragraphs": (in_page("<p>Vu avec Zoé</p>\n<p>Durand-Élie</p>"), here, name, "durand"),
        "name over five blocks": (
            in_page("<p>avec Anne</p><p>Marie</p><h2>de</h2><p>la</p><p>Tour</p>"), here, name, "tour"
        ),
        "name glued": (in_page("<p>dossier_ZoéDurandÉlie.pdf</p>"), here, name, "durand"),
        "name in base64": (in_page(f"<p>Voir {b64('Zoé Durand-Élie')}.</p>"), here, name, "durand"),
        "e-mail in base64": (in_page(f"<p>Voir {b64('zoe@example.org').rstrip('=')}</p>"), here, mail, "zoe@"),
        "name in a script": (in_page("<script>x = 'Zoé Durand-Élie'</script>"), here, name, "durand"),
        "name of a file": (file("tables/zoe_durand-elie.csv", "a\n"), "nom du fichier", name, "durand"),
        "birth date, French": (in_page("<p>Né le 05/03/2001.</p>"), here, birth, "05/03"),
        "birth date, in words": (in_page("<p>Née le 5 mars 2001.</p>"), here, birth, "5 mars"),
        "birth date in a CSV": (in_csv("2001-03-05"), csv, birth, "2001-03"),
        "array in a script": (in_page("<script>const x = [1.5, 2.5]</script>"), here, alien, "1.5"),
        "handler": (in_page('<p onclick="alert(1)">'), here, alien, "alert"),
        "script file": (file("x.js", "const x = 12345"), "x.js", alien, "12345"),
        "array of numbers in no table": (in_page(f'<p data-x="{points}">'), here, finer, "49,2401"),
        "one number per element": (in_page(9 * '<p data-x="8.75"></p>'), "data-x", finer, "8.75"),
        "one number per step": (in_page(9 * '<li value="8.75">a'), "attributs value", finer, "8.75"),
        "array in a style": (in_page("<style>p { --x: 1.25 2.25 3.25 4.25 5.25 }</style>"), here, finer, "3.25"),
        "array longer than its table": (in_page(f"<!-- {[299727.0] * 6} -->"), here, finer, "299727"),
        "enumeration": (in_page(f"<p>{' ; '.join(f'{n},25' for n in range(30))}</p>"), here, finer, "29,25"),
        "points": (in_page(f'<svg><polyline points="{points}"></polyline></svg>'), here, finer, "49,2401"),
        "path": (in_page('<svg><path d="M10.5-20.5L30.5,40.5L50.5-60.5"></path></svg>'), here, finer, "20.5"),
        "circles": (in_page(f"<svg>{''.join(f'<circle cx={n}.5 />' for n in range(9))}</svg>"), "dessin", finer, "8.5"),
        "drawing": (file("x.svg", f'<svg><polyline points="{points}"/></svg>'), "x.svg", finer, "49,2401"),
        "JSON": (file("x.json", json.dumps({"x": [1.5, 2.5, 3.5, 4.5, 5.5]})), "x.json", finer, "3.5"),
        "sheet": (lambda folder: in_workbook(folder, cell=[1.5, 2.5, 3.5, 4.5, 5.5]), "a.xlsx", finer, "3.5"),
        "table longer than its CSV": (in_page(table(6)), here, more, "Public"),
        "numbers without a CSV": (in_page(table(6).replace("href", "id").replace("1<", "1,75<")), here, finer, "1,75"),
        "table of nothing": (file("tables/a_b.csv", "x\n1\n"), "a_b.csv", "n'est pas une table protégée", "x"),
        "events": (file("a.ics", calendar(OBJECT, 2)), "a.ics", more, "Moulin"),
        "text of an image": (in_page(f'<img src="{png(Author="Zoé Durand-Élie")}">'), "métadonnées", hidden, "durand"),
        "other image": (in_page('<img src="data:image/gif;base64,R0lGODlh">'), here, hidden, "R0lG"),
        "file of another kind": (file("notes.txt", "Zoé"), "notes.txt", hidden, "Zoé"),
        "program from elsewhere": (in_page('<script src="x.js"></script>'), here, request, "x.js"),
        "style from elsewhere": (in_page('<link rel="stylesheet" href="https://x.fr/a.css">'), here, request, "x.fr"),
        "page in a page": (in_page('<iframe srcdoc="<p>Zut</p>"></iframe>'), here, request, "Zut"),
        "form": (in_page('<form action="https://x.fr/"></form>'), here, request, "x.fr"),
        "page that leaves": (in_page('<meta http-equiv="refresh" content="0; url=//x.fr">'), here, request, "x.fr"),
        "import of a style": (in_page("<style>@import 'https://x.fr/a.css';</style>"), here, request, "x.fr"),
        "image of a style": (in_page('<p style="background: url(https://x.fr/a)">'), here, request, "x.fr"),
        "program in a link": (in_page('<a href="java&#10;script:alert(1)">x</a>'), here, alien, "alert"),
        "other rows than protected": (in_csv("Autre"), "indicateurs.csv, fichier entier", altered, "Autre"),
        "NIR made a decimal": (in_csv("201035935012345.0"), csv, nir, "2010359"),
        "NIR written by thousands": (in_page("<p>201 035 935 012 345</p>"), here, nir, "935"),
        "birth date of eight digits": (in_csv("20010305"), csv, birth, "20010305"),
        "birth date, two digits": (in_page("<p>Née le 05/03/01.</p>"), here, birth, "05/03"),
        "birth date, month cut": (in_page("<p>Née le 29 juil. 1998.</p>"), here, birth, "juil"),
        "error of a cell": (in_page("<p>Cell In[3], line 1</p>"), here, trace, "In["),
        "name of an error": (in_page("<p>KeyError: 'part'</p>"), here, trace, "KeyErr"),
        "warning of a program": (in_page("<p>vues.py:12: FutureWarning</p>"), here, trace, "vues"),
        "object of a program": (in_page("<p>&lt;Page object at 0x7f3a2c&gt;</p>"), here, trace, "0x7f"),
        "path of a container": (in_page("<p>/builds/x/y.csv, D:/x/y.csv</p>"), here, place, "builds"),
        "traceback": (in_page("<pre>Traceback (most recent call last):\n</pre>"), here, trace, "recent"),
        "line of a traceback": (in_page('<pre>File "a.py", line 3, in f</pre>'), here, trace, "a.py"),
        "path of a home": (in_page("<p>/home/analyste/x.csv</p>"), here, place, "analyste"),
        "path of Windows": (in_csv("C:\\Users\\x"), csv, place, "Users"),
        "path of a workspace": (in_page(f"<p>{'/'.join(('', 'work', 'depot', 'x.csv'))}</p>"), here, place, "depot"),
        "path of the raw data": (in_page("<p>Lu dans /data/raw/x</p>"), here, place, "/data"),
        "path of a server": (in_csv(r"\\serveur\partage"), csv, place, "partage"),
    } | encoded()  # fmt: skip


def encoded() -> dict[str, tuple[Callable[[Path], None], str, str, str]]:
    """The same in other letters, or where a reader does not look."""
    mail, phone, nir = "adresse électronique", "numéro de téléphone", "numéro de sécurité sociale"
    name, birth = "nom d'une personne", "date de naissance d'une personne"
    finer, hidden = "plus fins qu'une table protégée", "que le site ne publie pas"
    here, ics, xlsx = "2016-32.html, ligne", "a.ics, ligne", "a.xlsx, propriétés"
    who, list_of = "Zoé Durand-Élie", [f"{n},25" for n in range(30)]
    soft, blank, wide = "\N{SOFT HYPHEN}", "\N{ZERO WIDTH SPACE}", "２０１０３５９３５０１２３"
    packed = base64.b64encode(who.encode()).decode()
    numbers = {
        "dots": "2.01.03.59.350.123", "hyphens": "2-01-03-59-350-123-45", "full width": wide,
        "soft hyphens": f"201{soft}0359{soft}350123", "zero width": f"20103{blank}59350123",
        "made a number": "2010359350123.0",
    }  # fmt: skip
    phones = (
        "0033639981234", "0033 6 39 98 12 34", "06/39/98/12/34", "06‑39‑98‑12‑34", "+33-6-39-98-12-34",
        "+33.6.39.98.12.34", "0639 981 234", "+33 639 981 234",
    )  # fmt: skip
    return {
        **{f"NIR, {how}": (in_page(f"<p>Le {value}</p>"), here, nir, value) for how, value in numbers.items()},
        **{f"phone {value}": (in_page(f"<p>Au {value}.</p>"), here, phone, value) for value in phones},
        "e-mail in an address": (in_page('<a href="?a=zoe%40example.org">Ici</a>'), here, mail, "zoe"),
        "name in an address": (in_page('<a href="?a=Zo%C3%A9%20Durand-%C3%89lie">Ici</a>'), here, name, "durand"),
        "name with soft hyphens": (in_page(f"<p>Zoé Du{soft}rand-Élie</p>"), here, name, "rand"),
        "name in a program": (in_page(r"<script>x = 'Zo\u00e9 Durand-\u00c9lie'</script>"), here, name, "durand"),
        "e-mail in a program": (in_page(r"<script>x = 'zoe\u0040example.org'</script>"), here, mail, "zoe"),
        "name in JSON": (file("x.json", json.dumps({"x": who})), "x.json", name, "durand"),
        "e-mail in JSON": (file("x.json", r'{"x": "zoe\u0040example.org"}'), "x.json", mail, "zoe"),
        "name in two keys": (
            file("x.json", json.dumps({"a": "Zoé", "b": "Durand-Élie"}, indent=1)),
            "x.json", name, "du",
        ),
        "array of texts in JSON": (
            file("x.json", json.dumps(["1.5", "2.5", "3.5", "4.5", "5.5"])),
            "x.json", finer, "3.5",
        ),
        "packed in an attribute": (in_page(f'<p data-x="{packed}">'), here, hidden, packed),
        "style that packs": (
            in_page(f'<p style="background: url(data:text/plain;base64,{packed})">'),
            here, hidden, packed,
        ),
        "style sheet that packs": (in_page(f"<style>p {{ --x: url(DATA:,{packed}) }}</style>"), here, hidden, packed),
        "set of images": (in_page(f'<img srcset="data:image/png;base64,{packed} 2x">'), here, hidden, packed),
        "data, in capitals": (in_page(f'<a href="DATA:text/plain,{packed}">'), here, hidden, packed),
        "data, after a blank": (in_page(f'<a href=" data:text/plain,{packed}">'), here, hidden, packed),
        "name in a heading": (
            lambda folder: write_table(pd.DataFrame({who: ["x"]}), folder / "tables" / "consolidation_indicateurs.csv"),
            "indicateurs.csv, ligne 1", name, "durand",
        ),
        "fold in a letter": (folded(who.encode(), 11), ics, name, "durand"),
        "birth date in a calendar": (folded(b"x\r\nDTSTART:20010305", 9), ics, birth, "20010305"),
        "birth date, year first": (in_page("<p>Née le 2001/03/05.</p>"), here, birth, "2001/03"),
        "link of a cell": (
            on_sheet(lambda _, s: s.write_url(0, 0, "https://x.fr/?a=zoe%40example.org", None, "x")),
            xlsx, mail, "zoe",
        ),
        "tip of a link": (
            on_sheet(lambda _, s: s.write_url(0, 0, "https://x.fr", None, "x", who)),
            xlsx, name, "durand",
        ),
        "formula": (on_sheet(lambda _, s: s.write_formula(0, 0, f'="{who}"&""')), xlsx, name, "durand"),
        "header of a sheet": (on_sheet(lambda _, s: s.set_header(f"&L{who}")), xlsx, name, "durand"),
        "footer of a sheet": (on_sheet(lambda _, s: s.set_footer(f"&C{who}")), xlsx, name, "durand"),
        "validation": (
            on_sheet(lambda _, s: s.data_validation(0, 0, 0, 0, {"validate": "any", "input_message": who})),
            xlsx, name, "durand",
        ),
        "format of numbers": (
            on_sheet(lambda b, s: s.write(0, 0, 1, b.add_format({"num_format": f'0 "{who}"'}))),
            xlsx, name, "durand",
        ),
        "name of a property": (on_sheet(lambda b, _: b.set_custom_property(who, "x")), xlsx, name, "durand"),
        "entities in a property": (
            on_sheet(lambda b, _: b.set_properties({"author": "Zo&#233; Durand-&#201;lie"})), xlsx, name, "durand"
        ),
        "NIR as a number": (
            on_sheet(lambda _, s: s.write_number(0, 0, 2010359350123)), "a.xlsx, colonne", nir, "2010359",
        ),
        "list of numbers": (in_page(f"<ul>{''.join(f'<li>{n}</li>' for n in list_of)}</ul>"), here, finer, "29,25"),
        "definitions": (in_page(f"<dl>{''.join(f'<dd>{n} %</dd>' for n in list_of)}</dl>"), here, finer, "29,25"),
        "options": (in_page("".join(f"\n<option>{n}</option>" for n in list_of)), here, finer, "29,25"),
        "columns of text": (in_page("<pre>" + "\n     ".join(list_of) + "</pre>"), here, finer, "29,25"),
    }  # fmt: skip


def test_a_site_that_may_be_published_passes(folder: Path) -> None:
    check_site(folder, "jouet")


@pytest.mark.parametrize("planted", plants())
def test_what_is_planted_is_found_and_never_said(folder: Path, planted: str) -> None:
    plant, where, kind, value = plants()[planted]
    plant(folder)
    with pytest.raises(DataError) as caught:
        check_site(folder, "jouet")
    message = str(caught.value)
    found = [line for line in message.splitlines() if where in line and kind in line]
    assert found, message
    assert value.casefold() not in message.casefold().replace("2016-32", "")


def test_the_path_of_the_project_is_found(folder: Path, tmp_path: Path) -> None:
    in_page(f"<p>Lu dans ({project_root()}/data).</p>")(folder)
    with pytest.raises(DataError, match="chemin d'une machine"):
        check_site(folder, "jouet")


def test_the_steps_of_purchases_are_held_against_their_own_table(folder: Path) -> None:
    steps = pd.DataFrame({"achat_id": ["A1"] * 3, "ordre": [1, 2, 3]})  # needs are fewer than steps
    write_table(steps, protected_dir("jouet") / "buyer" / "etapes.parquet")
    write_text(calendar(OBJECT, 3), folder / "etapes" / "etapes_A1.ics")
    check_site(folder, "jouet")
    write_text(calendar(OBJECT, 4), folder / "etapes" / "etapes_A1.ics")
    with pytest.raises(DataError, match=r"etapes_A1\.ics, fichier entier : plus de lignes"):
        check_site(folder, "jouet")


def test_a_row_told_from_top_to_bottom_may_be_longer_than_its_table(folder: Path) -> None:
    purchase = pd.DataFrame({name: ["A1"] for name in ("achat_id", "objet", "lieu", "duree_mois")})
    write_table(purchase, protected_dir("jouet") / "buyer" / "achats.parquet")
    said = table(4).replace("consolidation_indicateurs", "buyer_achats")
    in_page(said)(folder)
    check_site(folder, "jouet")
    longer = table(5).replace("consolidation_indicateurs", "buyer_achats")
    for finer in (longer, said.replace("</td>", "</td><td>1</td>")):  # more than it has columns, or several rows
        in_page(finer)(folder)
        with pytest.raises(DataError, match="plus de lignes que la table protégée"):
            check_site(folder, "jouet")


def test_the_array_that_a_published_table_holds_passes(folder: Path) -> None:
    in_page("<!-- [1.5, 2.5, 3.5, 4.5, 5.5] -->")(folder)
    with pytest.raises(DataError, match="plus fins qu'une table protégée"):
        check_site(folder, "jouet")
    shares = pd.DataFrame({"part": [5.5, 4.5, 3.5, 2.5, 1.5, 0.5]})
    write_table(shares, protected_dir("jouet") / "consolidation" / "sommes.parquet")
    check_site(folder, "jouet")


def test_a_column_that_the_protected_table_does_not_have_is_found(folder: Path) -> None:
    path = folder / "tables" / "consolidation_indicateurs.csv"
    write_table(pd.read_csv(path).assign(commune="Lille"), path)
    with pytest.raises(DataError, match=r"indicateurs\.csv, fichier entier : nombres plus fins"):
        check_site(folder, "jouet")


def test_the_error_names_the_first_findings_and_counts_the_others(folder: Path) -> None:
    in_page("".join(f"<p>zoe{n}@example.org</p>\n" for n in range(9)))(folder)
    assert len(findings(folder, "jouet", site_files(folder))) == 9
    with pytest.raises(DataError, match=r"\(et 4 autres\)") as caught:
        check_site(folder, "jouet")
    assert len(str(caught.value).splitlines()) == 6


def test_fingerprints_made_with_another_secret_are_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANALYSIS_SECRET", "another secret, long enough")
    with pytest.raises(DataError, match="ce n'est pas celui des empreintes"):
        check_site(folder, "jouet")


def test_a_dataset_that_received_nobody_has_no_name_to_look_for(folder: Path) -> None:
    (fingerprints_dir("jouet") / "empreintes_beneficiaires.parquet").unlink()
    (raw_dir("jouet") / "secret.txt").unlink()
    in_page("<p>Zoé Durand-Élie, 5 mars 2001</p>")(folder)
    check_site(folder, "jouet")
    in_page("<p>zoe@example.org</p>")(folder)
    with pytest.raises(DataError, match="adresse électronique"):
        check_site(folder, "jouet")


def test_a_site_that_may_not_be_published_has_no_home_page(folder: Path) -> None:
    shutil.rmtree(protected_dir("jouet") / "segments")  # no more than the scan looks at: no calendar can be made of it
    shutil.rmtree(folder / "veille")
    write_text("<p>Essai</p>", folder / "consolidation" / "2016-32.html")
    home.build("jouet")
    assert (folder / "index.html").is_file()
    write_text("<p>Zoé Durand-Élie</p>", folder / "consolidation" / "2016-32.html")
    with pytest.raises(DataError, match=r"2016-32\.html, ligne 1 : nom d'une personne"):
        home.build("jouet")
    assert not (folder / "index.html").exists()


def test_numbers_that_lay_a_page_out_and_those_of_a_form_are_no_array(folder: Path) -> None:
    laid = "".join(f'<p tabindex="{n}"></p><input value="{n}">' for n in range(1001, 1010))
    in_page(laid)(folder)
    check_site(folder, "jouet")


def test_runs_of_words_end_at_numbers_and_at_five_words() -> None:
    assert runs("Zoé DURAND-Élie 3 x") == {"zoedurand", "zoedurandelie", "durandelie"}
    assert runs("Lœtitia Roy") == {"loetitiaroy"}
    assert max(map(len, runs("a b c d e f g"))) == 5


def test_days_are_read_in_their_three_forms_and_only_where_they_exist() -> None:
    assert days("2001-03-05T00:00, 1er août 1999, 31/12/2000, 31/02/2001, 12001-03-05") == {
        "2001-03-05",
        "1999-08-01",
        "2000-12-31",
    }


def test_the_site_of_the_demo_may_be_published(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ROOT_VARIABLE, str(demo))
    check_site(reports_dir("demo"), "demo")
    if not list(fingerprints_dir("demo").glob("*.parquet")):
        pytest.skip("no fingerprints yet: all but names and birth dates was looked for")
