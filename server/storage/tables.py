"""The tables, as SQLAlchemy Core knows them. `migrations/` brings a database to this shape.

`results` is the ledger: one row an episode, written once, never changed but for its flags `late` and `retracted`; an
episode whose row is retracted may have another one. It has no foreign key to `runs`: the statement that writes it locks
the run's row, which costs one lock a run rather than one a row.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)

RUN_ID = JOB_ID = POLICY_ID = Text(collation="C")
MOMENT = TIMESTAMP(timezone=True)

engines = Table(
    "engines",
    metadata,
    Column("id", Integer, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

runs = Table(
    "runs",
    metadata,
    Column("id", RUN_ID, primary_key=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("state_reason", Text),
    Column("configuration", JSONB, nullable=False),
    Column("architecture", JSONB),
    Column("description", JSONB),
    Column("engine_id", Integer, ForeignKey(engines.c.id)),
    # The preset that the configuration was made from; of a clone, the one that its origin was made from.
    Column("preset", Text),
    # No foreign key: the clone outlives its origin.
    Column("cloned_from", RUN_ID),
    # Number of the open generation, which is the number of closed ones.
    Column("generation", Integer, nullable=False, server_default="0"),
    # Budget frames and steps of closed generations, late results included.
    Column("frames", BigInteger, nullable=False, server_default="0"),
    Column("steps", BigInteger, nullable=False, server_default="0"),
    # The same of the open generation, as of the last heartbeat: for display.
    Column("open_frames", BigInteger, nullable=False, server_default="0"),
    Column("open_steps", BigInteger, nullable=False, server_default="0"),
    # Wall time without pauses, as of the last heartbeat.
    Column("active_seconds", Double, nullable=False, server_default="0"),
    # See `costs.Spent`: by the last close, or by the stop.
    Column("unpriced_seconds", Double, nullable=False, server_default="0"),
    Column("paid", Double, nullable=False, server_default="0"),
    # The rest repeats what `generations` holds, so that a list of runs reads one table.
    Column("best", Double),
    # Summary of the validation that gave `best`; none without validation.
    Column("best_elite", JSONB),
    Column("mean", Double),
    Column("elite", JSONB),
    Column("sparkline", ARRAY(Double), nullable=False, server_default="{}"),
    Column("created_at", MOMENT, nullable=False),
    Column("finished_at", MOMENT),
    CheckConstraint(
        "state IN ('waiting', 'running', 'paused', 'stopped', 'finished', 'failed', 'deleted')", name="state"
    ),
    Index("runs_created_at_id_idx", "created_at", "id"),
)

generations = Table(
    "generations",
    metadata,
    Column("run_id", RUN_ID, ForeignKey(runs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("closed_at", MOMENT, nullable=False),
    # Cumulative at the close: budget frames, steps, wall time without pauses.
    Column("frames", BigInteger, nullable=False),
    Column("steps", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    # Episodes of this generation, all phases, late ones not included.
    Column("episodes", Integer, nullable=False),
    Column("best", Double, nullable=False),
    Column("mean", Double, nullable=False),
    Column("median", Double, nullable=False),
    Column("sd", Double, nullable=False),
    Column("quartile_low", Double, nullable=False),
    Column("quartile_high", Double, nullable=False),
    Column("worst", Double, nullable=False),
    # The elite's place in this generation, and where it was bred.
    Column("elite_index", Integer, nullable=False),
    Column("elite_born_generation", Integer, nullable=False),
    Column("elite_born_index", Integer, nullable=False),
    Column("elite_fitness", Double, nullable=False),
    Column("elite_seeds", ARRAY(BigInteger), nullable=False),
    # Summaries of the elite's scores: {mean, sd, n, distinct}.
    Column("validation", JSONB),
    Column("test", JSONB),
    # Births [generation, index] of those from whom the next generation is bred, in the order of breeding.
    Column("parents", ARRAY(Integer, dimensions=2), nullable=False),
    Column("late", Integer, nullable=False, server_default="0"),
    # Of the episodes that its selection rests on: those that another worker evaluated with the same outcome, and those
    # that none did. Null of generations that were closed before anything was evaluated again.
    Column("confirmed", Integer),
    Column("unconfirmed", Integer),
    # What the run had spent by the close: see `costs.Spent`.
    Column("unpriced_seconds", Double, nullable=False, server_default="0"),
    Column("paid", Double, nullable=False, server_default="0"),
)

# Every policy that was validated or tested, by the generation in which it was: what the best policies are found by.
candidates = Table(
    "candidates",
    metadata,
    Column("run_id", RUN_ID, ForeignKey(runs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("born_generation", Integer, nullable=False),
    Column("born_index", Integer, nullable=False),
    Column("validation_episodes", Integer, nullable=False),
    Column("validation_sum", Double, nullable=False),
    Column("test_episodes", Integer, nullable=False),
    Column("test_sum", Double, nullable=False),
    Index("candidates_birth_idx", "run_id", "born_generation", "born_index"),
)

results = Table(
    "results",
    metadata,
    Column("run_id", RUN_ID, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("index", Integer, nullable=False),
    Column("phase", SmallInteger, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("score", Double, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("seconds", Double, nullable=False),
    # Order of commit: one master writes, one group after the other.
    Column("sequence", BigInteger, Identity(always=True), nullable=False),
    Column("accepted_at", MOMENT, nullable=False, server_default=func.now()),
    Column("engine_id", Integer, nullable=False),
    Column("submission", Uuid, nullable=False),
    Column("worker", Uuid, nullable=False),
    # SHA-256 of the episode's actions and final memory.
    Column("digest", LargeBinary, nullable=False),
    # Its worker was found wrong, or it was played on what that worker had told: it counts for nothing.
    Column("retracted", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("octet_length(digest) = 32", name="digest"),
)
KEY = [results.c[name] for name in ("run_id", "generation", "index", "phase", "episode")]
Index("results_key", *KEY, unique=True, postgresql_where=text("NOT retracted"))
Index("results_retracted_idx", *KEY, postgresql_where=text("retracted"))

leadership = Table(
    "leadership",
    metadata,
    # One row: the primary key can only be true.
    Column("only", Boolean, primary_key=True, server_default=text("true")),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("released", Boolean, nullable=False, server_default=text("false")),
    Column("heartbeat_at", MOMENT, nullable=False),
    CheckConstraint('"only"', name="only"),
)

# The library. A document without its members name, tags and scores: these have columns.
policies = Table(
    "policies",
    metadata,
    # SHA-256 of the chain's identity, in hex; the order of bytes, so that the beginning of an id finds it.
    Column("id", POLICY_ID, primary_key=True),
    Column("name", Text(collation="C"), nullable=False),
    Column("document", JSONB, nullable=False),
    # These five repeat what the document says, so that a list reads no long chains.
    Column("environment_id", Text, nullable=False),
    Column("environment", JSONB, nullable=False),
    Column("architecture", JSONB, nullable=False),
    Column("format", Text, nullable=False),
    Column("length", Integer, nullable=False),
    Column("origin", Text, nullable=False),
    Column("tags", ARRAY(Text), nullable=False, server_default="{}"),
    # The score that stands for it, as `views.PolicyScore`; none if it was never played more than once.
    Column("score", JSONB),
    # What lists are sorted by: the score's mean, and the same human-normalised; -Infinity where there is none.
    Column("mean", Double, nullable=False),
    Column("normalised", Double, nullable=False),
    # Scores that are in no ledger, as `service.document_scores` reads them: those that came with its document, and
    # those of a run that was deleted.
    Column("scores", JSONB, nullable=False, server_default="[]"),
    # Of the expanded parameters, once somebody has wanted to know.
    Column("parameters_sha256", Text),
    # Of what people brought: the library has seen to it that it is recorded.
    Column("tended", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", MOMENT, nullable=False),
    CheckConstraint("origin IN ('run', 'imported', 'shipped')", name="origin"),
    CheckConstraint("id ~ '^[0-9a-f]{64}$'", name="id"),
    *(Index(f"policies_{key}_id_idx", key, "id") for key in ("mean", "normalised", "created_at", "length", "name")),
    Index(
        "policies_untended_idx",
        "environment_id",
        "created_at",
        postgresql_where=text("origin = 'imported' AND NOT tended"),
    ),
)

# Where runs bred policies of the library: runs of one seed breed the same ones. No foreign key to `runs`: deleting a
# run decides for each of its policies whether it goes too.
policy_births = Table(
    "policy_births",
    metadata,
    Column("run_id", RUN_ID, primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("policy_id", POLICY_ID, ForeignKey(policies.c.id, ondelete="CASCADE"), nullable=False),
    Index("policy_births_policy_id_idx", "policy_id"),
)

# Policies that came with the product and were deleted by a person: they do not come back.
unwanted_policies = Table("unwanted_policies", metadata, Column("id", POLICY_ID, primary_key=True))

# Recordings. A policy plays an episode of one seed in one way, so that the two name it.
rollouts = Table(
    "rollouts",
    metadata,
    Column("id", JOB_ID, primary_key=True),
    Column("policy", POLICY_ID, ForeignKey(policies.c.id, ondelete="CASCADE"), nullable=False),
    Column("seed", BigInteger, nullable=False),
    # Why it is kept: as `views.RolloutView`.
    Column("label", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("problem", Text),
    # What it gave; while it waits, what the ledger says that it must give.
    Column("score", Double),
    Column("steps", Integer),
    Column("frames", Integer),
    Column("digest", LargeBinary),
    Column("engine_id", Integer, ForeignKey(engines.c.id)),
    Column("actions", LargeBinary),  # step by step: they replay the episode without the network
    # When the actions were last replayed without the network, by which engine, and what came out otherwise.
    Column("verified_at", MOMENT),
    Column("verified_engine_id", Integer, ForeignKey(engines.c.id)),
    Column("verified_problem", Text),
    # Its poster came, or was made again by itself: once, lest what cannot be sent is made for ever.
    Column("tended", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", MOMENT, nullable=False),
    CheckConstraint("state IN ('waiting', 'recorded', 'failed')", name="state"),
    Index("rollouts_policy_seed_key", "policy", "seed", unique=True),
    Index(
        "rollouts_untended_idx",
        "created_at",
        postgresql_where=text("state = 'recorded' AND problem IS NULL AND NOT tended"),
    ),
)

# Videos may be evicted and made again, posters stay. Both are STORAGE EXTERNAL: ranges are read without the rest.
videos = Table(
    "videos",
    metadata,
    Column("rollout_id", JOB_ID, ForeignKey(rollouts.c.id, ondelete="CASCADE"), primary_key=True),
    Column("mp4", LargeBinary),
    Column("poster", LargeBinary),
    Column("size", BigInteger, nullable=False, server_default="0"),  # of the video; 0 without one
    Column("sha256", Text),
    Column("used_at", MOMENT, nullable=False),
    Index("videos_used_at_idx", "used_at"),
)

# Tests, recordings and verifications. A job holds all that playing it takes: it does not depend on the library.
jobs = Table(
    "jobs",
    metadata,
    Column("id", JOB_ID, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("policy", POLICY_ID, nullable=False),
    Column("document", JSONB, nullable=False),
    Column("environment", JSONB, nullable=False),
    Column("rollout_id", JOB_ID, ForeignKey(rollouts.c.id, ondelete="CASCADE")),  # none in a test
    Column("episodes", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("problem", Text),
    Column("created_at", MOMENT, nullable=False),
    Column("finished_at", MOMENT),
    CheckConstraint("kind IN ('test', 'recording', 'verification')", name="kind"),
    CheckConstraint("asked_by IN ('person', 'library')", name="asked_by"),
    CheckConstraint("state IN ('open', 'done', 'failed', 'cancelled')", name="state"),
    Index("jobs_created_at_id_idx", "created_at", "id"),
    Index("jobs_open_idx", "created_at", "id", postgresql_where=text("state = 'open'")),
    Index("jobs_policy_idx", "policy"),
    Index("jobs_rollout_id_idx", "rollout_id"),
)

# One row an episode of a job, inserted once, as in `results`.
job_results = Table(
    "job_results",
    metadata,
    Column("job_id", JOB_ID, ForeignKey(jobs.c.id, ondelete="CASCADE"), primary_key=True),
    Column("episode", Integer, primary_key=True, autoincrement=False),
    Column("seed", BigInteger, nullable=False),
    Column("score", Double, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("engine_id", Integer, ForeignKey(engines.c.id), nullable=False),
    Column("seconds", Double, nullable=False),
    Column("submission", Uuid, nullable=False),
    CheckConstraint("octet_length(digest) = 32", name="digest"),
)

# Who may ask. Of every secret only its digest is kept: whoever reads this table can ask for nothing.
tokens = Table(
    "tokens",
    metadata,
    Column("id", JOB_ID, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    # The token that let a browser in; of the server's own token none.
    Column("issuer_id", JOB_ID, ForeignKey("tokens.id", ondelete="CASCADE")),
    Column("created_at", MOMENT, nullable=False),
    Column("expires_at", MOMENT),
    Column("used_at", MOMENT),
    Column("revoked_at", MOMENT),
    CheckConstraint("kind IN ('token', 'browser')", name="kind"),
    CheckConstraint("role IN ('viewer', 'operator', 'worker')", name="role"),
    CheckConstraint("octet_length(digest) = 32", name="digest"),
    Index("tokens_issuer_id_idx", "issuer_id"),
)

# Links that let a browser in, once.
links = Table(
    "links",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("role", Text, nullable=False),
    Column("issuer_id", JOB_ID, ForeignKey(tokens.c.id, ondelete="CASCADE")),
    Column("expires_at", MOMENT, nullable=False),
    CheckConstraint("role IN ('viewer', 'operator', 'worker')", name="role"),
    CheckConstraint("octet_length(digest) = 32", name="digest"),
    Index("links_issuer_id_idx", "issuer_id"),
)
