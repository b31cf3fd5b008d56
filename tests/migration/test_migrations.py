"""Migrations: an empty database becomes what the code's tables say, once, and by one upgrade at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text

from migrations.upgrade import NewerDatabase, _configuration, upgrade, versions
from server.storage.cost_tables import metadata
from server.storage.database import driver_url
from server.storage.errors import DatabaseUnavailable
from tests.conftest import Postgres

ROOT = Path(__file__).parents[2]


OLD_GENERATION = text(
    """
    INSERT INTO generations (run_id, number, closed_at, frames, steps, seconds, episodes, best, mean, median, sd,
        quartile_low, quartile_high, worst, elite_index, elite_born_generation, elite_born_index, elite_fitness,
        elite_seeds, validation, parents)
    VALUES ('a', :number, now(), 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, '{1}', CAST(:validation AS jsonb),
            '{{0,0}}')
    """
)


def differences(url: str) -> list[object]:
    engine = create_engine(driver_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found = compare_metadata(context, metadata)
    engine.dispose()
    return list(found)


def constraints(url: str) -> list[tuple[str, str, str]]:
    """What Alembic does not compare: every constraint's and index's definition, and every column's collation."""
    engine = create_engine(driver_url(url))
    query = text(
        """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text <> 'alembic_version'
        UNION SELECT tablename, indexname, indexdef FROM pg_indexes
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
        UNION SELECT table_name, column_name, coalesce(collation_name, '') || ' ' || is_identity || ' ' || udt_name
        FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
        ORDER BY 1, 2, 3
        """
    )
    with engine.connect() as connection:
        found = [(row[0], row[1], row[2]) for row in connection.execute(query)]
    engine.dispose()
    return found


def create_all(url: str) -> None:
    engine = create_engine(driver_url(url))
    metadata.create_all(engine)
    engine.dispose()


def test_a_migrated_database_is_what_the_tables_say(database_url: str, empty_database_url: str) -> None:
    create_all(empty_database_url)
    assert differences(database_url) == []
    assert constraints(database_url) == constraints(empty_database_url)


def test_a_second_upgrade_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    found, needed = versions(database_url)
    assert found == needed is not None


def test_older_runs_are_given_the_spread_of_their_best_elite(empty_database_url: str) -> None:
    engine = create_engine(driver_url(empty_database_url))
    with engine.connect() as connection:
        command.upgrade(_configuration(connection), "0001")
        connection.execute(
            text(
                "INSERT INTO runs (id, name, state, configuration, created_at) "
                "VALUES ('a', 'a', 'paused', '{}', now()), ('b', 'b', 'paused', '{}', now())"
            )
        )
        for number, mean in enumerate((5.0, 9.0, 9.0)):
            validation = f'{{"mean": {mean}, "sd": {number}, "n": 10, "distinct": 9}}'
            connection.execute(OLD_GENERATION, {"number": number, "validation": validation})
        connection.commit()
    upgrade(empty_database_url)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT best_elite, preset FROM runs ORDER BY id")).all()
    engine.dispose()
    assert [tuple(row) for row in found] == [({"mean": 9.0, "sd": 1, "n": 10, "distinct": 9}, None), (None, None)]


OLD_RECORDING = text(
    """
    WITH engine AS (INSERT INTO engines (name) VALUES ('exact') RETURNING id),
    policy AS (
        INSERT INTO policies (id, name, document, environment_id, environment, architecture, format, length, origin,
            mean, normalised, created_at)
        VALUES (repeat('a', 64), 'a', '{}', 'Game', '{}', '{}', 'philox-1', 1, 'imported', 1, 1, now()) RETURNING id
    )
    INSERT INTO rollouts (id, policy, seed, label, state, score, steps, frames, digest, engine_id, actions, created_at)
    SELECT 'r', policy.id, 7, 'asked', 'recorded', 1, 1, 1, 'digest', engine.id, 'chosen', now() FROM engine, policy
    """
)
NEW_JOB = text(
    """
    INSERT INTO jobs (id, kind, asked_by, policy, document, environment, rollout_id, episodes, state, created_at)
    VALUES (:kind, :kind, 'person', repeat('a', 64), '{}', '{}', 'r', 1, 'open', now())
    """
)


def test_older_recordings_are_kept_and_count_as_unverified(empty_database_url: str) -> None:
    engine = create_engine(driver_url(empty_database_url))
    with engine.connect() as connection:
        command.upgrade(_configuration(connection), "0004")
        connection.execute(OLD_RECORDING)
        connection.execute(NEW_JOB, {"kind": "recording"})
        connection.commit()
    upgrade(empty_database_url)
    with engine.begin() as connection:
        connection.execute(NEW_JOB, {"kind": "verification"})
        found = connection.execute(
            text("SELECT score, actions, verified_at, verified_engine_id, verified_problem FROM rollouts")
        )
        assert [tuple(row) for row in found] == [(1.0, b"chosen", None, None, None)]
        assert connection.scalar(text("SELECT count(*) FROM jobs")) == 2
    engine.dispose()


def test_an_empty_database_has_no_version(empty_database_url: str) -> None:
    assert versions(empty_database_url)[0] is None


def test_two_upgrades_at_once_do_the_work_once(empty_database_url: str) -> None:
    command = [sys.executable, "-c", "import sys; from migrations.upgrade import upgrade; upgrade(sys.argv[1])"]
    processes = [subprocess.Popen([*command, empty_database_url]) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert differences(empty_database_url) == []


def test_a_database_of_a_newer_version_is_refused_with_advice(database_url: str) -> None:
    engine = create_engine(driver_url(database_url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from-the-future'"))
    engine.dispose()
    with pytest.raises(NewerDatabase, match="newer version"):
        upgrade(database_url)


def test_an_unreachable_database_is_reported_as_such() -> None:
    with pytest.raises(DatabaseUnavailable):
        upgrade("postgresql://postgres@127.0.0.1:1/nowhere")


def test_the_developers_command_finds_the_database_and_nothing_to_do(database_url: str) -> None:
    command = [sys.executable, "-m", "alembic", "check"]
    environment = {**os.environ, "NEUROEVO_DATABASE_URL": database_url}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "No new upgrade operations detected.")


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_of_another_encoding_is_refused_with_advice(postgres: Postgres, encoding: str) -> None:
    name = f"encoded_{encoding.lower()}"
    postgres.run(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0")
    with pytest.raises(DatabaseUnavailable, match=f"{encoding}.*ENCODING 'UTF8'"):
        upgrade(postgres.url(name))
    postgres.drop_database(postgres.url(name))
