"""What one operation carries: who asks, the rooms, and loaders that open sessions of their own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeAlias

import strawberry
from strawberry.dataloader import DataLoader

from persona_graph.accounts import desk
from persona_graph.accounts.accounts import Account
from persona_graph.accounts.ledger import Period
from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.jobs import reading as job_reading
from persona_graph.jobs.states import JobState
from persona_graph.jobs.webhooks import deliveries_pages
from persona_graph.media.assets import Asset
from persona_graph.personas import lexicon, persona_settings, ratings, reading, styles, usage
from persona_graph.personas.content_tables import Content
from persona_graph.personas.drift import drift_pages
from persona_graph.personas.importing import imports_of
from persona_graph.personas.notices import notices_pages
from persona_graph.personas.tables import Avatar, Consent, Enrolment, Output, Persona, Platform, Sample, Voice
from persona_graph.personas.usage import UsageDimension
from persona_graph.personas.versions import pins_of, versions_pages
from persona_graph.personas.whole_tables import PersonaVersion
from persona_graph.runtime import Runtime


class Context:
    """Sibling fields run at the same time, so nothing here holds a session."""

    def __init__(self, runtime: Runtime, viewer: Viewer) -> None:
        self.runtime = runtime
        self.viewer = viewer
        self._loaders: dict[Hashable, DataLoader[Any, Any]] = {}

    async def account(self) -> Account:
        return await desk.own_account(self.runtime.db, self.viewer)

    def _loader(
        self, name: Hashable, load: Callable[[list[Any]], Awaitable[list[Any]]]
    ) -> DataLoader[Any, Any]:
        if name not in self._loaders:
            self._loaders[name] = DataLoader(load_fn=load)
        return self._loaders[name]

    def _rows(self, name: str, kind: Any) -> DataLoader[Any, Any]:
        return self._loader(name, lambda ids: reading.by_ids(self.runtime.db, self.viewer, kind, ids))

    def _of_persona(self, name: str, kind: Any) -> DataLoader[Any, Any]:
        return self._loader(name, lambda ids: reading.of_personas(self.runtime.db, self.viewer, kind, ids))

    def _of_voice(self, name: str, kind: Any) -> DataLoader[Any, Any]:
        return self._loader(name, lambda ids: reading.of_voices(self.runtime.db, kind, ids))

    @property
    def personas(self) -> DataLoader[Any, Any]:
        return self._rows("personas", Persona)

    @property
    def voices(self) -> DataLoader[Any, Any]:
        return self._rows("voices", Voice)

    @property
    def avatars(self) -> DataLoader[Any, Any]:
        return self._rows("avatars", Avatar)

    @property
    def outputs(self) -> DataLoader[Any, Any]:
        return self._rows("outputs", Output)

    @property
    def contents(self) -> DataLoader[Any, Any]:
        return self._rows("contents", Content)

    @property
    def scenes_of(self) -> DataLoader[Any, Any]:
        """The scenes of each content, in order."""
        return self._loader("scenes_of", lambda ids: reading.scenes_of(self.runtime.db, self.viewer, ids))

    @property
    def assets(self) -> DataLoader[Any, Any]:
        return self._rows("assets", Asset)

    @property
    def voices_of(self) -> DataLoader[Any, Any]:
        return self._of_persona("voices_of", Voice)

    @property
    def avatars_of(self) -> DataLoader[Any, Any]:
        return self._of_persona("avatars_of", Avatar)

    @property
    def styles_of(self) -> DataLoader[Any, Any]:
        return self._loader("styles_of", lambda ids: styles.styles_of(self.runtime.db, self.viewer, ids))

    @property
    def style_edits_of(self) -> DataLoader[Any, Any]:
        """For each persona what was set by hand, by platform."""
        return self._loader("style_edits_of", lambda ids: styles.edits_of(self.runtime.db, self.viewer, ids))

    @property
    def settings_of(self) -> DataLoader[Any, Any]:
        return self._loader(
            "settings_of", lambda ids: persona_settings.settings_of(self.runtime.db, self.viewer, ids)
        )

    @property
    def lexicons_of(self) -> DataLoader[Any, Any]:
        """For each persona its entries."""
        return self._loader("lexicons_of", lambda ids: lexicon.lexicons_of(self.runtime.db, self.viewer, ids))

    @property
    def versions(self) -> DataLoader[Any, Any]:
        return self._rows("versions", PersonaVersion)

    def versions_of(self, first: int | None, after: str | None) -> DataLoader[Any, Any]:
        """A page of versions for each persona."""
        db, viewer = self.runtime.db, self.viewer
        return self._loader(
            ("versions_of", first, after), lambda ids: versions_pages(db, viewer, ids, first, after)
        )

    @property
    def pins_of(self) -> DataLoader[Any, Any]:
        """For each persona which platform keeps to which version."""
        return self._loader("pins_of", lambda ids: pins_of(self.runtime.db, self.viewer, ids))

    @property
    def consents_of(self) -> DataLoader[Any, Any]:
        return self._of_persona("consents_of", Consent)

    @property
    def consents(self) -> DataLoader[Any, Any]:
        return self._rows("consents", Consent)

    def outputs_of(
        self, first: int | None, after: str | None, platform: Platform | None
    ) -> DataLoader[Any, Any]:
        """A page of outputs for each persona."""
        db, viewer = self.runtime.db, self.viewer
        return self._loader(
            ("outputs_of", first, after, platform),
            lambda ids: reading.outputs_pages(db, viewer, ids, first, after, platform),
        )

    def notices_of(self, first: int | None, after: str | None) -> DataLoader[Any, Any]:
        """A page of notices for each persona."""
        db, viewer = self.runtime.db, self.viewer
        return self._loader(
            ("notices_of", first, after), lambda ids: notices_pages(db, viewer, ids, first, after)
        )

    @property
    def imports_of(self) -> DataLoader[Any, Any]:
        """For each persona the bundle it came from."""
        db, account_id = self.runtime.db, self.viewer.account_id
        return self._loader("imports_of", lambda ids: imports_of(db, account_id, ids))

    def drift_checks_of(self, first: int | None, after: str | None) -> DataLoader[Any, Any]:
        """A page of drift checks for each voice."""
        db, account_id = self.runtime.db, self.viewer.account_id
        return self._loader(
            ("drift_checks_of", first, after), lambda ids: drift_pages(db, account_id, ids, first, after)
        )

    def deliveries_of(self, first: int | None, after: str | None) -> DataLoader[Any, Any]:
        """A page of its log for each webhook."""
        db, viewer = self.runtime.db, self.viewer
        return self._loader(
            ("deliveries_of", first, after), lambda ids: deliveries_pages(db, viewer, ids, first, after)
        )

    def jobs_of(self, first: int | None, after: str | None, state: JobState | None) -> DataLoader[Any, Any]:
        """A page of jobs for each persona."""
        db, viewer = self.runtime.db, self.viewer
        return self._loader(
            ("jobs_of", first, after, state),
            lambda ids: job_reading.jobs_pages(db, viewer, ids, first, after, state),
        )

    @property
    def samples_of(self) -> DataLoader[Any, Any]:
        return self._of_voice("samples_of", Sample)

    @property
    def enrolments_of(self) -> DataLoader[Any, Any]:
        return self._of_voice("enrolments_of", Enrolment)

    def usage_of(self, period: Period, by: UsageDimension | None) -> DataLoader[Any, Any]:
        """The usage of each persona."""
        db, account_id = self.runtime.db, self.viewer.account_id
        return self._loader(
            ("usage_of", period, by), lambda ids: usage.usage_of_each(db, account_id, period, ids, by)
        )

    @property
    def ratings_of(self) -> DataLoader[Any, Any]:
        return self._loader("ratings_of", lambda ids: ratings.ratings_of(self.runtime.db, ids))

    @property
    def engagement_of(self) -> DataLoader[Any, Any]:
        return self._loader("engagement_of", lambda ids: ratings.engagement_of(self.runtime.db, ids))

    @property
    def jobs(self) -> DataLoader[Any, Any]:
        return self._loader("jobs", lambda ids: job_reading.jobs_by_ids(self.runtime.db, self.viewer, ids))

    def events_of(self, size: int) -> DataLoader[Any, Any]:
        """A page of events for each job and the number behind which it begins."""
        return self._loader(
            ("events_of", size), lambda places: job_reading.events_pages(self.runtime.db, places, size)
        )

    @property
    def attempts_of(self) -> DataLoader[Any, Any]:
        return self._loader("attempts_of", lambda ids: job_reading.attempts_of(self.runtime.db, ids))

    @property
    def queue_places(self) -> DataLoader[Any, Any]:
        return self._loader("queue_places", lambda ids: job_reading.queue_places(self.runtime.db, ids))


Info: TypeAlias = strawberry.Info[Context, None]


def need_read(info: Info) -> None:
    """What a mutation made may be seen by whoever made it; everything else needs the READ scope."""
    info.context.viewer.need(Scope.READ)
