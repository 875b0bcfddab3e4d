"""Official open sources, brought with their address: downloaded by ourselves so that a cut line can
be taken up where it broke, registered with `dvc import-url` so that the address and the hash are kept.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import click
import requests
from pydantic import RootModel

from analysis.core.errors import DataError
from analysis.core.params import Block, load_settings
from analysis.core.paths import project_root

TIMEOUT = 30  # seconds without a byte before the line counts as cut
BLOCK = 1 << 16  # what a cut line can cost
DVC = [sys.executable, "-m", "dvc"]  # the one of this environment, activated or not


class OpenSource(Block):
    """Where a file is published and where it goes, relative to data/raw/."""

    adresse: str
    vers: str


class OpenSources(RootModel[dict[str, OpenSource]]):
    """`data/raw/sources.yaml`."""


def fetch(dataset: str, only: Collection[str] = ()) -> list[Path]:
    """Bring the sources of `data/raw/sources.yaml` (all, or those named `only`) that are not there yet.

    Returns the files. Raises DataError, one sentence, when there is no network or an address answers
    with an error; what was received stays beside the target and the next call goes on from there.
    """
    raw = project_root() / "data" / "raw"
    sources = load_settings(raw / "sources.yaml", OpenSources).root
    unknown = sorted(set(only) - set(sources))
    if unknown:
        raise DataError(f"source « {unknown[0]} » inconnue ; attendu : {', '.join(sources)}.")
    brought = []
    for name, source in sources.items():
        if only and name not in only:
            continue
        path = raw / source.vers.format(dataset=dataset)
        if path.is_file() and path.with_name(path.name + ".dvc").is_file():
            click.echo(f"{name} : déjà là ({path.relative_to(raw)})", err=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            download(source.adresse, path, name)
            _register(source.adresse, path, name)
        brought.append(path)
    return brought


def download(address: str, path: Path, name: str) -> None:
    """Download `address` to `path`, from the byte where an earlier download of it stopped."""
    scratch = path.with_name(f".{path.name}.part")
    have = scratch.stat().st_size if scratch.exists() else 0
    # Compressed on the way, an answer has not the length that it says, and no part of it can be asked for.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    try:
        with requests.get(address, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                scratch.unlink()
                return download(address, path, name)
            answer.raise_for_status()
            resumed = answer.status_code == requests.codes.partial_content
            length = int(answer.headers.get("Content-Length", 0))
            expected = length and length + (have if resumed else 0)
            _store(answer, scratch, name, start=have if resumed else 0, total=expected)
    except requests.HTTPError as error:
        code = error.response.status_code if error.response is not None else "inconnue"
        raise DataError(f"source « {name} » : {address} répond par l'erreur {code} ; adresse à vérifier.") from None
    except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
        raise DataError(
            f"source « {name} » : pas de réseau vers {address} ; hors ligne, le reste du projet fonctionne, "
            "et la commande reprendra où elle s'est arrêtée."
        ) from None
    if expected and scratch.stat().st_size != expected:
        raise DataError(f"source « {name} » : téléchargement interrompu ; relancez la commande, elle reprendra.")
    scratch.replace(path)
    return None


def _store(answer: requests.Response, scratch: Path, name: str, *, start: int, total: int) -> None:
    with (
        scratch.open("ab" if start else "wb") as out,
        click.progressbar(length=total or 1, label=name, file=sys.stderr) as bar,
    ):
        bar.update(start)
        for block in answer.iter_content(BLOCK):
            out.write(block)
            bar.update(len(block))


def _register(address: str, path: Path, name: str) -> None:
    """Keep the address and the hash in a `.dvc` file, as `dvc import-url` does."""
    # `import-url` clears its target: the file waits aside while the address is written down.
    aside = path.replace(path.with_name(f".{path.name}.whole"))
    try:
        _dvc(name, "import-url", "--no-download", address, str(path))
    finally:
        aside.replace(path)
    _dvc(name, "commit", f"{path}.dvc")


def _dvc(name: str, verb: str, *arguments: str) -> None:
    command = [*DVC, verb, "--quiet", "--force", *arguments]
    done = subprocess.run(command, cwd=project_root(), capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["sans message"])[-1]
        raise DataError(f"source « {name} » : « dvc {verb} » a échoué ({reason}).")
