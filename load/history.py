"""A long past for a run, written straight into the database: generations with parents, and their results."""

import random
from typing import Any, NamedTuple

import psycopg

from evolution.lineage import Birth, Lineage

RESULTS = """
    INSERT INTO results (run_id, generation, index, phase, episode, late, score, steps, frames, seconds, engine_id,
                         submission, worker, digest)
    SELECT id, number, place, 0, 0, false, place %% 1000, 100, 400, 0.3, engine_id, (SELECT gen_random_uuid()),
           (SELECT gen_random_uuid()), sha256(int8send(number * 1000000::bigint + place))
    FROM runs, generate_series(%(start)s, %(end)s - 1) AS number, generate_series(0, %(each)s - 1) AS place
    WHERE id = %(run)s
"""
GENERATION = """
    INSERT INTO generations (run_id, number, closed_at, frames, steps, seconds, episodes, best, mean, median, sd,
                             quartile_low, quartile_high, worst, elite_index, elite_born_generation, elite_born_index,
                             elite_fitness, elite_seeds, parents)
    VALUES (%(run)s, %(number)s, now(), %(frames)s, %(steps)s, %(number)s, %(each)s, 999, 499.5, 499.5, 289, 250, 750,
            0, %(index)s, %(number)s, %(index)s, 999, %(seeds)s, %(parents)s)
"""
GENERATIONS_AT_ONCE = 10


class Past(NamedTuple):
    """How much a run shall have behind it."""

    generations: int
    """Closed: a chain of the next one has one seed more."""
    results: int
    parents: int


def write(database_url: str, run: str, population: int, seed: int, past: Past) -> None:
    """Gives the run, which must not have begun, this past. No server may run meanwhile."""
    chance, lineage = random.Random(seed), Lineage(seed, population)
    each = past.results // past.generations
    with psycopg.connect(database_url, autocommit=True) as connection:
        for number in range(past.generations):
            parents = [Birth(number, index) for index in chance.sample(range(population), past.parents)]
            lineage.close(number, parents)
            connection.execute(GENERATION, _generation(lineage, run, parents, each))
        for start in range(0, past.generations, GENERATIONS_AT_ONCE):
            end = min(start + GENERATIONS_AT_ONCE, past.generations)
            connection.execute(RESULTS, {"run": run, "start": start, "end": end, "each": each})
        connection.execute(
            "UPDATE runs SET generation = %s, frames = %s, steps = %s WHERE id = %s",
            [past.generations, 400 * past.results, 100 * past.results, run],
        )
        connection.execute("ANALYZE")
        connection.execute("CHECKPOINT")


def _generation(lineage: Lineage, run: str, parents: list[Birth], each: int) -> dict[str, Any]:
    elite = parents[0]
    return {
        "run": run,
        "number": elite.generation,
        "frames": 400 * each * (elite.generation + 1),
        "steps": 100 * each * (elite.generation + 1),
        "each": each,
        "index": elite.index,
        "seeds": lineage.seeds(elite),
        "parents": [list(birth) for birth in parents],
    }
