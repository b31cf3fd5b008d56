"""A folder as a model hub shows it: card, video, chain and weights of one policy."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.errors import BadInput, CommandError
from evolution.chains import SeedChain
from exports import VIDEO, Export, ExportError, MissingPackage, Score, export_card, export_policy

if TYPE_CHECKING:
    from server.service.document_scores import Played

FORMATS = ("json", "safetensors", "onnx")
SEED = 0
"""Of the episode that is filmed where no scores of episodes are told."""


def write_folder(
    chain: SeedChain, scores: Sequence[Score], episodes: Sequence["Played"], folder: Path
) -> Iterator[Path]:
    """Writes the files, and gives each as soon as it is there. `episodes`: whose scores are told; one is filmed.

    Without a video, which a machine without the game cannot make, the rest is written, and why is said on stderr.

    Raises:
        BadInput, CommandError: a file cannot be made or written.
    """
    try:
        for format in FORMATS:
            yield _write(folder, export_policy(chain, format))
        words = _film(chain, _typical(episodes), folder / VIDEO)
        if words is not None:
            yield folder / VIDEO
        yield _write(
            folder, export_policy(chain, "card", scores) if words is None else export_card(chain, scores, words)
        )
    except MissingPackage as error:
        raise CommandError(str(error)) from None
    except ExportError as error:
        raise BadInput(str(error)) from None
    except OSError as error:
        raise BadInput(f"{error.filename} cannot be written: {error.strerror}") from None


def _film(chain: SeedChain, seed: int, file: Path) -> str | None:
    """Films the episode; what it shows, in words, or None if it cannot be filmed here."""
    try:
        from cli.filming import film, play

        rollout = play(chain, seed, [])
        file.write_bytes(film(rollout))
    except (BadInput, ImportError) as error:
        print(f"without {VIDEO}: {error}", file=sys.stderr)
        return None
    return f"{rollout.score:,g} points in {rollout.steps:,} steps, the episode of seed {seed}."


def _typical(episodes: Sequence["Played"]) -> int:
    """The seed of the median episode."""
    ranked = sorted(episodes, key=lambda episode: (episode.score, episode.seed))
    return ranked[len(ranked) // 2].seed if ranked else SEED


def _write(folder: Path, export: Export) -> Path:
    path = folder / export.file_name
    path.write_bytes(export.data)
    return path
