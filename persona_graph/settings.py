"""The only reader of the environment. Every field here is documented in docs/settings.md."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

PREFIX = "PERSONA_GRAPH_"
PLUGIN_PREFIX = "PERSONA_GRAPH_PLUGIN_"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    data_dir: Path = Field(
        Path("data"),
        description="Folder of the embedded stack: SQLite file, Redis files, stored media, generated secrets.",
    )
    database_url: str = Field(
        "",
        description="SQLAlchemy URL: `postgresql+asyncpg://…` or `sqlite+aiosqlite:///…`. Empty: SQLite in the data folder.",
    )
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"),
        description="Redis 7.2 or later, or a server that speaks its protocol.",
    )
    storage_url: str = Field(
        "",
        description="Where encrypted objects are kept: `file:///path` or `s3://bucket/prefix`. Empty: a folder in the data folder.",
    )
    storage_endpoint: str = Field("", description="Address of an S3-compatible store; empty for AWS itself.")
    storage_region: str = Field("us-east-1", description="Region of the S3-compatible store.")
    storage_key: SecretStr = Field(SecretStr(""), description="Access key id of the S3-compatible store.")
    storage_secret: SecretStr = Field(
        SecretStr(""), description="Secret access key of the S3-compatible store."
    )
    master_keys: SecretStr = Field(
        SecretStr(""),
        description="Comma-separated `id:base64` 256-bit keys that wrap each object's data key. The first wraps new objects; the others still open old ones.",
    )
    signing_key: SecretStr = Field(
        SecretStr(""),
        description="Secret behind upload and media links; at least 32 characters. Comma-separated to rotate: the first signs, the others still open links.",
    )
    host: str = Field("127.0.0.1", description="Address the API listens on.")
    port: int = Field(
        8000,
        ge=0,
        le=65535,
        description="Port the API listens on; 0 lets the system choose (embedded stack only).",
    )
    public_url: str = Field(
        "", description="Address clients reach the API at; links start with it. Empty: `http://host:port`."
    )
    tiers_file: Path | None = Field(
        None, description="A tiers.toml in place of the one that comes with the package."
    )
    jwt_key: SecretStr = Field(
        SecretStr(""),
        description="HS256 secret (at least 32 characters) or PEM public key (RS256, ES256) that checks bearer JWTs. During a rotation several: PEM blocks one after the other, secrets one per line. Empty: only service tokens are accepted.",
    )
    jwt_algorithm: str = Field("HS256", description="The one accepted JWT algorithm: HS256, RS256 or ES256.")
    jwt_audience: str = Field("persona-graph", description="Required `aud` claim.")
    jwt_issuer: str = Field("", description="Required `iss` claim; must be set when `jwt_key` is.")
    introspection: bool = Field(
        False, description="Answer introspection queries and serve GraphiQL. The embedded stack turns it on."
    )
    allowed_origins: Annotated[list[str], NoDecode] = Field(
        [],
        description="Comma-separated browser origins allowed to call the API (CORS and WebSocket). The API's own origin always is.",
    )
    outbound_allow: Annotated[list[str], NoDecode] = Field(
        [],
        description="Comma-separated origins (`http://host:port`) this server may connect to although they are private, or no HTTPS: vendors' emulators, a store of one's own. Everything else a vendor or a user names must be public.",
    )
    max_delivery_bytes: int = Field(
        1_000_000_000, ge=1, description="Largest file fetched from an address that a vendor gave, in bytes."
    )
    delivery_seconds: float = Field(
        600.0, gt=0, description="Longest such a fetch may take, in seconds; one that crawls ends sooner."
    )
    wrong_tokens_per_minute: int = Field(
        30,
        ge=1,
        description="Wrong tokens one network address may show one API process in a minute before it is told to wait. Right ones are always accepted.",
    )
    max_body_bytes: int = Field(1_000_000, description="Largest GraphQL request body, in bytes.")
    max_audio_bytes: int = Field(50_000_000, description="Largest uploaded audio file, in bytes.")
    max_image_bytes: int = Field(15_000_000, description="Largest uploaded image file, in bytes.")
    max_document_bytes: int = Field(
        10_000_000, description="Largest uploaded document or web page, in bytes."
    )
    max_bundle_bytes: int = Field(
        30_000_000, ge=1, description="Largest bundle of a persona that is written or taken in, in bytes."
    )
    trusted_bundle_keys: Annotated[list[str], NoDecode] = Field(
        [],
        description="Comma-separated public keys (64 hexadecimal digits, as exportPersona shows them) of other installations whose bundles importPersona takes. This one's own are always taken.",
    )
    drift_days: float = Field(
        0.0,
        ge=0,
        description="Days between two checks of whether a voice still sounds as it did, for voices whose owner allowed it with setDriftWatch; 0: only when asked.",
    )
    max_audio_seconds: float = Field(600, description="Longest uploaded recording, in seconds.")
    max_image_pixels: int = Field(50_000_000, description="Most pixels of an uploaded image.")
    max_script_chars: int = Field(20_000, description="Longest script of one generation, in characters.")
    upload_ttl: float = Field(3600, description="How long a signed upload link works, in seconds.")
    upload_floor: int = Field(
        1024, description="Slowest accepted upload in bytes per second, averaged over `upload_window`."
    )
    upload_window: float = Field(
        20.0, gt=0, description="Seconds of waiting for the client over which `upload_floor` is averaged."
    )
    max_uploads_open: int = Field(
        50, ge=1, description="Uploads an account may have announced and not finished at one time."
    )
    max_stored_bytes: int = Field(
        2_000_000_000, description="Bytes of uploads an account may have stored or announced at one time."
    )
    unused_upload_days: float = Field(
        7.0, gt=0, description="Days after which an upload that no training and no avatar used is erased."
    )
    link_ttl: float = Field(900, description="How long a signed media link works, in seconds.")
    decode_seconds: float = Field(
        3.0,
        description="CPU time of a process that probes an upload, in seconds; three times as much wall time ends it too. Audio gets a hundredth of max_audio_seconds more.",
    )
    decode_bytes: int = Field(
        512 * 1024 * 1024, description="Address space of a probing child process, in bytes."
    )
    lease_warning_hours: float = Field(
        48.0,
        gt=0,
        description="How long before a vendor drops an unused voice its owner is told, or it is renewed where that is allowed, in hours.",
    )
    lease_seconds: float = Field(
        4.0,
        description="How long a worker owns a job without a heartbeat; a killed worker's job is taken over after this.",
    )
    sweep_seconds: float = Field(1.0, description="How often each worker looks for due jobs, in seconds.")
    stop_seconds: float = Field(
        4.0,
        ge=1,
        description="How long a worker that is told to stop lets its running steps finish before it gives their jobs back, in seconds.",
    )
    blocked_seconds: float = Field(
        60.0,
        ge=1,
        description="How long a plugin may block a worker's event loop, in seconds; then the worker ends itself and others take its jobs over.",
    )
    worker_jobs: int = Field(8, ge=1, description="Jobs one worker process advances at a time.")
    stream_idle_seconds: float = Field(
        30.0, description="A subscriber that stops reading is dropped after this many seconds."
    )
    ws_init_seconds: float = Field(
        10.0, description="Time a WebSocket client has to send connection_init, in seconds."
    )
    ws_max_operations: int = Field(100, ge=1, description="Operations one WebSocket may run at a time.")
    max_sockets_per_account: int = Field(
        20, ge=1, description="WebSockets one account may have open on one API process."
    )
    max_sockets_per_address: int = Field(
        1000,
        ge=1,
        description="WebSockets one network address may have open on one API process. Raise it behind a proxy that hides addresses.",
    )
    max_sse_per_account: int = Field(
        100, ge=1, description="Server-sent event streams one account may have open on one API process."
    )
    cost_budget: int = Field(
        100_000, ge=1, description="Cost points an account may spend at once; see `extensions.cost`."
    )
    cost_refill: float = Field(2000.0, gt=0, description="Cost points an account gets back per second.")
    trusted_documents: Path | None = Field(
        None,
        description="A JSON object of GraphQL documents by name. They run when a request names their SHA-256 as `documentId`.",
    )
    trusted_only: bool = Field(False, description="Run no other documents than the trusted ones.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="`text` for people, `json` for one JSON object per line."
    )

    def __init__(self, **values: object) -> None:
        for name in ("allowed_origins", "outbound_allow", "trusted_bundle_keys"):
            raw = values.get(name, os.environ.get(PREFIX + name.upper()))
            if isinstance(raw, str):
                values[name] = [part.strip() for part in raw.split(",") if part.strip()]
        super().__init__(**values)  # type: ignore[arg-type]

    @property
    def base_url(self) -> str:
        # Listening everywhere is no address to call.
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return self.public_url.rstrip("/") or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def database(self) -> str:
        path = (self.data_dir / "persona-graph.sqlite").resolve()
        return self.database_url or f"sqlite+aiosqlite:///{path}"

    @property
    def storage(self) -> str:
        return self.storage_url or (self.data_dir / "objects").resolve().as_uri()

    def filled(self, given: Mapping[str, object]) -> Settings:
        """These settings, with ``given`` where neither the environment nor the caller said anything."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        return Settings(**{**given, **said})

    def environment(self) -> dict[str, str]:
        """This process's environment, with these settings in it: what a child process is started with."""
        env = dict(os.environ)
        for name in type(self).model_fields:
            value = getattr(self, name)
            key = PREFIX + name.upper()
            env.pop(key, None)
            if isinstance(value, SecretStr):
                env[key] = value.get_secret_value()
            elif value is not None:
                env[key] = ",".join(value) if isinstance(value, list) else str(value)
        return env

    def secret_values(self) -> list[str]:
        """What must never stand in a log: every secret here, and every setting of a plugin."""
        own = [value.get_secret_value() for _, value in self if isinstance(value, SecretStr)]
        keys = [entry.partition(":")[2] for entry in self.master_keys.get_secret_value().split(",")]
        keys += self.signing_key.get_secret_value().split(",")
        keys += filter(
            None, (urlsplit(url).password for url in (self.database, self.redis_url.get_secret_value()))
        )
        plugins = [value for key, value in os.environ.items() if key.startswith(PLUGIN_PREFIX)]
        return [*own, *keys, *(value for value in plugins if not value.startswith(("http://", "https://")))]


def plugin_settings(name: str) -> dict[str, str]:
    """The part of the environment that belongs to one plugin, by its entry point's name."""
    prefix = f"{PLUGIN_PREFIX}{name.upper().replace('-', '_')}_"
    return {key.removeprefix(prefix): value for key, value in os.environ.items() if key.startswith(prefix)}
