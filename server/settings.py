"""The server's settings: read once at its start, from `NEUROEVO_…` environment variables and the command line."""

import secrets
from ipaddress import ip_address
from socket import gethostname
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

PREFIX = "NEUROEVO_"
TOKEN_BYTES = 32
"""Entropy of a generated token: 256 bits."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
POSTGRES = {"postgresql", "postgres"}
LAST_PORT = 65535
DATABASE_ADDRESS = (
    "This is no address of a Postgres database: write it like postgresql://user:password@host:5432/name, "
    "with characters such as / and @ of a password escaped (%2F, %40)"
)


class BadSettings(Exception):
    """A setting is missing or out of range: correct the option or environment variable that the message names."""


class Settings(BaseSettings):
    """Each field is the environment variable `NEUROEVO_<FIELD>`; an empty variable counts as absent."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    database_url: SecretStr = Field(
        title="Database", description="Postgres to store everything in: postgresql://user:password@host:5432/name."
    )
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; only this machine by default.")
    port: int = Field(8080, ge=0, le=LAST_PORT, description="TCP port to listen on; 0: any free one.")
    token: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_urlsafe(TOKEN_BYTES)),
        min_length=8,
        description="The operator's token, which may do everything; drawn at each start when absent.",
    )
    worker_token: SecretStr | None = Field(
        None, min_length=8, description="One more token, which may do workers' work and nothing else."
    )
    viewer_token: SecretStr | None = Field(
        None, min_length=8, description="One more token, which may look and nothing else: for what reads /metrics, say."
    )
    allowed_hosts: str = Field(
        "",
        pattern=r"^[A-Za-z0-9.:_\[\], -]*$",
        description="Names by which it may be asked, with commas between, beside loopback's and its own address.",
    )
    proxies: str = Field(
        "",
        pattern=r"^[A-Fa-f0-9.:/*, ]*$",
        description="Proxies in front that terminate TLS: addresses or networks, or `*`; their headers are believed.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe lines to log.")
    log_format: Literal["text", "json"] = Field("text", description="One line of text or one JSON object an event.")
    lease_seconds: float = Field(30.0, gt=0, le=3600, description="Life of a worker's lease unless extended, s.")
    batch_seconds: float = Field(5.0, gt=0, le=600, description="Work in a batch at the worker's measured speed, s.")
    wait_seconds: float = Field(20.0, ge=0, le=300, description="How long an empty request for work waits for some, s.")
    stop_seconds: int = Field(10, ge=0, le=300, description="How long open requests may take when the server stops, s.")
    body_bytes: int = Field(
        16 * 2**20, ge=1024, le=2**30, description="Longest request body that is read; a longer one is refused, bytes."
    )

    recheck: bool = Field(
        True,
        description="Whether another worker, where there is one, evaluates again what selection rests on before a "
        "generation closes.",
    )
    video_quota_mb: int = Field(
        2000, ge=1, le=10**9, description="What videos may take in the database; those not watched for longest go, MB."
    )
    library_share: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Most of the fleet's time that the library's own recordings take; 0: none are made.",
    )

    core_hour_price: float | None = Field(
        None,
        ge=0,
        le=1000,
        description="What an hour of one core costs, US dollars, of workers that tell no price of their own; unknown: "
        "no cost of theirs is shown.",
    )

    @field_validator("database_url")
    @classmethod
    def _names_a_database(cls, url: SecretStr) -> SecretStr:
        parse_database_url(url.get_secret_value())
        return url

    @property
    def token_was_drawn(self) -> bool:
        """Whether nobody chose the token, so that it must be shown once."""
        return "token" not in self.model_fields_set

    @property
    def secrets(self) -> list[str]:
        """What no log line may hold."""
        password = parse_database_url(self.database_url.get_secret_value()).password
        tokens = [token.get_secret_value() for token in (self.token, self.worker_token, self.viewer_token) if token]
        return [*tokens, *([password] if password else [])]

    @property
    def is_local(self) -> bool:
        """Whether nobody but this machine can ask."""
        return self.host == "localhost" or (is_address(self.host) and ip_address(self.host).is_loopback)

    @property
    def is_everywhere(self) -> bool:
        """Whether it listens on every address of this machine."""
        return is_address(self.host) and ip_address(self.host).is_unspecified

    @property
    def hosts(self) -> frozenset[str]:
        """Names by which it may be asked, in lower case, without ports."""
        named = {name.strip("[]") for name in self.allowed_hosts.lower().replace(",", " ").split()}
        own = gethostname() if self.is_everywhere else self.host
        return frozenset(named | LOOPBACK | {own.lower()})

    @property
    def believed_proxies(self) -> list[str]:
        """Whose word on TLS counts. One on this machine is believed as well: nobody else asks from there."""
        named = self.proxies.replace(",", " ").split()
        return ["*"] if "*" in named else [*LOOPBACK, *named]

    def address(self, port: int) -> str:
        """Where this machine's browser finds the dashboard. `port`: the one really listened on."""
        # Who listens on every address is reached, on this machine, by the loopback one.
        name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def is_address(host: str) -> bool:
    """Whether it is an address in digits."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def parse_database_url(url: str) -> URL:
    """The parts of a Postgres address.

    Raises:
        ValueError: it is none; the message holds nothing of it, since a password may be in any part.
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):  # The latter: its port is no number.
        raise ValueError(DATABASE_ADDRESS) from None
    has_port = parts.port is None or 0 < parts.port <= LAST_PORT
    if parts.get_backend_name() not in POSTGRES or not has_port:
        raise ValueError(DATABASE_ADDRESS)
    return parts


def read_settings(**options: Any) -> Settings:
    """Settings from the environment, with `options` (those that are not None) taking precedence.

    Raises:
        BadSettings: a setting is missing or out of range; the message names its environment variable.
    """
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValidationError as error:
        raise BadSettings("; ".join(_complaint(item["loc"], item["msg"]) for item in error.errors())) from None


def _complaint(location: tuple[int | str, ...], message: str) -> str:
    name = str(location[0]) if location else "settings"
    return f"{PREFIX}{name.upper()} (--{name.replace('_', '-')}): {message.removeprefix('Value error, ')}"
