"""Everything that can be asked. Generated from schema.graphql by `python -m tools.typed_clients`: edits are lost."""

from __future__ import annotations

from collections.abc import AsyncIterator

from persona_graph_client.generated.enums import JobState, Platform
from persona_graph_client.generated.inputs import (
    AnalyzeWritingStyleInput,
    ApprovePersonaInput,
    AssessPhotoInput,
    AssessSamplesInput,
    AvatarInput,
    CancelJobInput,
    CheckDriftInput,
    CreateAvatarInput,
    CreatePersonaInput,
    CreateServiceTokenInput,
    CreateUploadInput,
    CreateWebhookInput,
    DeleteOutputInput,
    DeletePersonaInput,
    DeleteUploadInput,
    DeliveryInput,
    ExportPersonaInput,
    GenerateContentInput,
    GenerateSpeechBatchInput,
    GenerateSpeechInput,
    GenerateVideoInput,
    GrantConsentInput,
    ImportPersonaInput,
    OnboardingStepInput,
    OptOutInput,
    PinPersonaVersionInput,
    PromoteOutputInput,
    RateOutputInput,
    RecordEngagementInput,
    RemovePronunciationInput,
    RenameAvatarInput,
    RenameVoiceInput,
    ResolveReviewInput,
    RetryJobInput,
    RevokeServiceTokenInput,
    RollbackPersonaInput,
    SetDriftWatchInput,
    SetGoldenLinesInput,
    SetPlatformAdaptationInput,
    SetPronunciationInput,
    SetTierInput,
    SetVoiceRenewalInput,
    StyleCheckInput,
    TrainTwinInput,
    TrainVoiceInput,
    TwinInput,
    UnpinPersonaVersionInput,
    UpdatePersonaInput,
    UpdatePersonaSettingsInput,
    UpdateWritingStyleInput,
    VoiceInput,
    WebhookInput,
    WithdrawConsentInput,
)
from persona_graph_client.generated.shapes import (
    Account,
    AssessPhotoPayload,
    AssessSamplesPayload,
    Avatar,
    CheckDriftPayload,
    Consent,
    CreateAvatarPayload,
    DeletedPayload,
    ExportPersonaPayload,
    GenerateContentPayload,
    GenerateSpeechBatchPayload,
    GenerateSpeechPayload,
    GenerateVideoPayload,
    ImportPersonaPayload,
    Job,
    JobConnection,
    JobEvent,
    LexiconEntry,
    OptOutPayload,
    Output,
    OutputConnection,
    Persona,
    PersonaConnection,
    PersonaVersionPayload,
    PlatformAdaptation,
    PromoteOutputPayload,
    Quote,
    RateOutputPayload,
    RecordEngagementPayload,
    RetryJobPayload,
    ServiceTokenPayload,
    Spend,
    StyleCheck,
    TrainVoicePayload,
    UploadPayload,
    Viewer,
    Voice,
    Webhook,
    WebhookDelivery,
    WebhookPayload,
    WritingStyle,
)
from persona_graph_client.wire import Wire


class Operations(Wire):
    """One method for each operation; a refused mutation raises Refused."""

    async def accept_twin(self, input: TwinInput) -> Voice:
        """Let a twin speak when the first enrolment cannot. Listen to its preview before; a twin whose
        measured similarity is under 0.65 is refused.
        """
        return await self._change("acceptTwin", input, ("acceptTwin", "voice"), Voice)

    async def activate_avatar(self, input: AvatarInput) -> Avatar:
        """Bring back a READY avatar that was approved before; the one in use is superseded."""
        return await self._change("activateAvatar", input, ("activateAvatar", "avatar"), Avatar)

    async def activate_voice(self, input: VoiceInput) -> Voice:
        """Bring back a READY voice that was approved before; the one in use is superseded."""
        return await self._change("activateVoice", input, ("activateVoice", "voice"), Voice)

    async def analyze_writing_style(self, input: AnalyzeWritingStyleInput) -> WritingStyle:
        """Measure a persona's writing style on texts, documents and web pages. Free and offline but for the
        pages; no text is kept, only figures and short quotations. Sources that cannot be used are
        refused one by one; edits stay.
        """
        return await self._change(
            "analyzeWritingStyle", input, ("analyzeWritingStyle", "writingStyle"), WritingStyle
        )

    async def approve_avatar(self, input: AvatarInput) -> Avatar:
        """Make a READY draft the persona's face; the one before is superseded."""
        return await self._change("approveAvatar", input, ("approveAvatar", "avatar"), Avatar)

    async def approve_persona(self, input: ApprovePersonaInput) -> PersonaVersionPayload:
        """Approve a persona as a whole: every draft that is ready comes into use, and the state becomes a
        version. Where nothing changed since, the latest version is given again.
        """
        return await self._change("approvePersona", input, ("approvePersona",), PersonaVersionPayload)

    async def approve_voice(self, input: VoiceInput) -> Voice:
        """Make a READY draft the persona's voice; the one before is superseded."""
        return await self._change("approveVoice", input, ("approveVoice", "voice"), Voice)

    async def assess_photo(self, input: AssessPhotoInput) -> AssessPhotoPayload:
        """Judge an uploaded photo before an avatar is made of it. Free; asking again gives the same answer."""
        return await self._change("assessPhoto", input, ("assessPhoto",), AssessPhotoPayload)

    async def assess_samples(self, input: AssessSamplesInput) -> AssessSamplesPayload:
        """Judge recordings as trainVoice would: each accepted or refused with its reason, the set's score
        and what to record next. Free; nothing is stored, charged or sent anywhere.
        """
        return await self._change("assessSamples", input, ("assessSamples",), AssessSamplesPayload)

    async def avatar(self, id: str) -> Avatar | None:
        """One avatar; None if there is none of that id, or it is not yours."""
        return await self._maybe("avatar", {"id": id}, ("node",), Avatar)

    async def cancel_job(self, input: CancelJobInput) -> Job:
        """Stop a job. Nothing is charged unless it was done before the stop reached it."""
        return await self._change("cancelJob", input, ("cancelJob", "job"), Job)

    async def check_drift(self, input: CheckDriftInput) -> CheckDriftPayload:
        """Speak the persona's golden lines in its voice, and compare how they sound with the baseline; the
        first time makes the baseline. What is spoken is measured and not kept.
        """
        return await self._change("checkDrift", input, ("checkDrift",), CheckDriftPayload)

    async def quote_check_drift(self, input: CheckDriftInput) -> Quote:
        """What check_drift would cost now; nothing is made."""
        return await self._change("checkDrift", input, ("checkDrift", "quote"), Quote, dry_run=True)

    async def create_avatar(self, input: CreateAvatarInput) -> CreateAvatarPayload:
        """Make an avatar of a portrait and render a short proof clip to approve."""
        return await self._change("createAvatar", input, ("createAvatar",), CreateAvatarPayload)

    async def quote_create_avatar(self, input: CreateAvatarInput) -> Quote:
        """What create_avatar would cost now; nothing is made."""
        return await self._change("createAvatar", input, ("createAvatar", "quote"), Quote, dry_run=True)

    async def create_persona(self, input: CreatePersonaInput) -> Persona:
        """Make a persona."""
        return await self._change("createPersona", input, ("createPersona", "persona"), Persona)

    async def create_service_token(self, input: CreateServiceTokenInput) -> ServiceTokenPayload:
        """Make a service token."""
        return await self._change("createServiceToken", input, ("createServiceToken",), ServiceTokenPayload)

    async def create_upload(self, input: CreateUploadInput) -> UploadPayload:
        """Get permission to upload a file."""
        return await self._change("createUpload", input, ("createUpload",), UploadPayload)

    async def create_webhook(self, input: CreateWebhookInput) -> WebhookPayload:
        """Have an address told what happens, signed by the Standard Webhooks scheme."""
        return await self._change("createWebhook", input, ("createWebhook",), WebhookPayload)

    async def delete_avatar(self, input: AvatarInput) -> DeletedPayload:
        """Delete an avatar: its jobs are cancelled, its preview is destroyed, and its photo unless another
        avatar was made of it too.
        """
        return await self._change("deleteAvatar", input, ("deleteAvatar",), DeletedPayload)

    async def delete_output(self, input: DeleteOutputInput) -> DeletedPayload:
        """Delete an output and its files; a job that makes it is cancelled."""
        return await self._change("deleteOutput", input, ("deleteOutput",), DeletedPayload)

    async def delete_persona(self, input: DeletePersonaInput) -> DeletedPayload:
        """Delete a persona with its voices, avatars and outputs; its jobs are cancelled, keys are destroyed
        first.
        """
        return await self._change("deletePersona", input, ("deletePersona",), DeletedPayload)

    async def delete_twin(self, input: TwinInput) -> Voice:
        """Delete a twin, accepted or not: it stops speaking at once, and its vendor is told until it
        confirms.
        """
        return await self._change("deleteTwin", input, ("deleteTwin", "voice"), Voice)

    async def delete_upload(self, input: DeleteUploadInput) -> DeletedPayload:
        """Delete an upload that no training and no avatar uses; its key is destroyed first. A link to it
        stops working.
        """
        return await self._change("deleteUpload", input, ("deleteUpload",), DeletedPayload)

    async def delete_voice(self, input: VoiceInput) -> DeletedPayload:
        """Delete a voice: its jobs are cancelled, its model and preview destroyed, vendors told to delete
        their copies until they confirm.
        """
        return await self._change("deleteVoice", input, ("deleteVoice",), DeletedPayload)

    async def delete_webhook(self, input: WebhookInput) -> WebhookPayload:
        """Delete a webhook, its secret and its log."""
        return await self._change("deleteWebhook", input, ("deleteWebhook",), WebhookPayload)

    async def enable_webhook(self, input: WebhookInput) -> WebhookPayload:
        """Tell a disabled webhook again what happens from now on."""
        return await self._change("enableWebhook", input, ("enableWebhook",), WebhookPayload)

    async def export_persona(self, input: ExportPersonaInput) -> ExportPersonaPayload:
        """Write a persona down as one signed file: style, settings, consent records, voices with their
        enrolments, faces. Recordings are never in it. Needs the READ scope too.
        """
        return await self._change("exportPersona", input, ("exportPersona",), ExportPersonaPayload)

    async def generate_content(self, input: GenerateContentInput) -> GenerateContentPayload:
        """Make content of a text or a brief: text, reading and video, each as far as the account, the
        persona and the server have what it takes; what has not is skipped with its reason. Each scene is
        one job of up to three legs and one output. If a leg fails, what was made before it is kept and
        charged, the rest is not.
        """
        return await self._change("generateContent", input, ("generateContent",), GenerateContentPayload)

    async def quote_generate_content(self, input: GenerateContentInput) -> Quote:
        """What generate_content would cost now; nothing is made."""
        return await self._change("generateContent", input, ("generateContent", "quote"), Quote, dry_run=True)

    async def generate_speech(self, input: GenerateSpeechInput) -> GenerateSpeechPayload:
        """Speak a script as the persona."""
        return await self._change("generateSpeech", input, ("generateSpeech",), GenerateSpeechPayload)

    async def quote_generate_speech(self, input: GenerateSpeechInput) -> Quote:
        """What generate_speech would cost now; nothing is made."""
        return await self._change("generateSpeech", input, ("generateSpeech", "quote"), Quote, dry_run=True)

    async def generate_speech_batch(self, input: GenerateSpeechBatchInput) -> GenerateSpeechBatchPayload:
        """Speak several scripts as the persona, each as a job of its own. A script that is refused does not
        stop the others; a price over the cap or over maxPrice stops all.
        """
        return await self._change(
            "generateSpeechBatch", input, ("generateSpeechBatch",), GenerateSpeechBatchPayload
        )

    async def quote_generate_speech_batch(self, input: GenerateSpeechBatchInput) -> Quote:
        """What generate_speech_batch would cost now; nothing is made."""
        return await self._change(
            "generateSpeechBatch", input, ("generateSpeechBatch", "quote"), Quote, dry_run=True
        )

    async def generate_video(self, input: GenerateVideoInput) -> GenerateVideoPayload:
        """Make the persona's portrait speak: a script (speech first, then video: two legs of one job), or
        an earlier speech output.
        """
        return await self._change("generateVideo", input, ("generateVideo",), GenerateVideoPayload)

    async def quote_generate_video(self, input: GenerateVideoInput) -> Quote:
        """What generate_video would cost now; nothing is made."""
        return await self._change("generateVideo", input, ("generateVideo", "quote"), Quote, dry_run=True)

    async def grant_consent(self, input: GrantConsentInput) -> Consent:
        """Record a consent. Without a live one nothing of a person is trained, rendered or sent anywhere."""
        return await self._change("grantConsent", input, ("grantConsent", "consent"), Consent)

    async def import_persona(self, input: ImportPersonaInput) -> ImportPersonaPayload:
        """Make a new persona of a bundle. Its signature is checked over every byte, and the consent records
        in it again; what speaks or shows a face arrives as a draft. The bundle is erased.
        """
        return await self._change("importPersona", input, ("importPersona",), ImportPersonaPayload)

    async def job(self, id: str) -> Job | None:
        """One job as it is now."""
        return await self._maybe("job", {"id": id}, ("job",), Job)

    def job_events(self, job_id: str, after: str | None = None) -> AsyncIterator[JobEvent]:
        """What happened to a job: stored events behind the cursor first, then live ones, up to the terminal
        one.
        """
        return self._stream("jobEvents", {"jobId": job_id, "after": after}, ("jobEvents",), JobEvent)

    async def jobs(
        self, state: JobState | None = None, first: int | None = None, after: str | None = None
    ) -> JobConnection:
        """The account's jobs, newest first: what is still under way, after a restart."""
        return await self._one(
            "jobs", {"state": state, "first": first, "after": after}, ("viewer", "jobs"), JobConnection
        )

    async def opt_out(self, input: OptOutInput) -> OptOutPayload:
        """The person opts out of voice or avatar: use stops at once, every one of them is erased with its
        jobs, and the consent ends. What was made stays until it is deleted.
        """
        return await self._change("optOut", input, ("optOut",), OptOutPayload)

    async def output(self, id: str) -> Output | None:
        """One output; None if there is none of that id, or it is not yours."""
        return await self._maybe("output", {"id": id}, ("node",), Output)

    async def outputs(
        self,
        persona_id: str,
        platform: Platform | None = None,
        first: int | None = None,
        after: str | None = None,
    ) -> OutputConnection | None:
        """The outputs of a persona, newest first."""
        return await self._maybe(
            "outputs",
            {"personaId": persona_id, "platform": platform, "first": first, "after": after},
            ("persona", "outputs"),
            OutputConnection,
        )

    async def persona(self, id: str) -> Persona | None:
        """One persona; None if there is none of that id, or it is not yours."""
        return await self._maybe("persona", {"id": id}, ("persona",), Persona)

    def persona_events(self, persona_id: str, after: str | None = None) -> AsyncIterator[JobEvent]:
        """What happens to all jobs of a persona, from the cursor on."""
        return self._stream(
            "personaEvents", {"personaId": persona_id, "after": after}, ("personaEvents",), JobEvent
        )

    async def personas(self, first: int | None = None, after: str | None = None) -> PersonaConnection:
        """The account's personas, newest first."""
        return await self._one(
            "personas", {"first": first, "after": after}, ("viewer", "personas"), PersonaConnection
        )

    async def pin_persona_version(self, input: PinPersonaVersionInput) -> PersonaVersionPayload:
        """Let a platform keep to a version: what is made for it has that version's voice, face and
        settings, whatever is live.
        """
        return await self._change("pinPersonaVersion", input, ("pinPersonaVersion",), PersonaVersionPayload)

    async def promote_output(self, input: PromoteOutputInput) -> PromoteOutputPayload:
        """Make a draft for real: the same wish, paid for, under the same id. The draft stays as it is until
        the job succeeds; its timings are then computed anew.
        """
        return await self._change("promoteOutput", input, ("promoteOutput",), PromoteOutputPayload)

    async def quote_promote_output(self, input: PromoteOutputInput) -> Quote:
        """What promote_output would cost now; nothing is made."""
        return await self._change("promoteOutput", input, ("promoteOutput", "quote"), Quote, dry_run=True)

    async def rate_output(self, input: RateOutputInput) -> RateOutputPayload:
        """Say what you think of an output; again to change your mind."""
        return await self._change("rateOutput", input, ("rateOutput",), RateOutputPayload)

    async def record_engagement(self, input: RecordEngagementInput) -> RecordEngagementPayload:
        """For writer services: report what a platform counted for an output."""
        return await self._change("recordEngagement", input, ("recordEngagement",), RecordEngagementPayload)

    async def redeliver_webhook(self, input: DeliveryInput) -> WebhookDelivery:
        """Send a message of the log again, the same bytes under the same `webhook-id`, signed anew."""
        return await self._change(
            "redeliverWebhook", input, ("redeliverWebhook", "delivery"), WebhookDelivery
        )

    async def reject_avatar(self, input: AvatarInput) -> Avatar:
        """Turn a READY draft down. It stays stored until it is deleted."""
        return await self._change("rejectAvatar", input, ("rejectAvatar", "avatar"), Avatar)

    async def reject_voice(self, input: VoiceInput) -> Voice:
        """Turn a READY draft down. It stays stored until it is deleted."""
        return await self._change("rejectVoice", input, ("rejectVoice", "voice"), Voice)

    async def remove_pronunciation(self, input: RemovePronunciationInput) -> str:
        """Let a word be said as it is written again."""
        return await self._change("removePronunciation", input, ("removePronunciation", "removedId"), str)

    async def rename_avatar(self, input: RenameAvatarInput) -> Avatar:
        """Rename an avatar."""
        return await self._change("renameAvatar", input, ("renameAvatar", "avatar"), Avatar)

    async def rename_voice(self, input: RenameVoiceInput) -> Voice:
        """Rename a voice."""
        return await self._change("renameVoice", input, ("renameVoice", "voice"), Voice)

    async def resolve_review(self, input: ResolveReviewInput) -> Job:
        """Operators: decide on a job that nobody could finish. Needs the OPERATE scope."""
        return await self._change("resolveReview", input, ("resolveReview", "job"), Job)

    async def resume_onboarding_step(self, input: OnboardingStepInput) -> Persona:
        """Take a step back that was skipped or opted out of."""
        return await self._change("resumeOnboardingStep", input, ("resumeOnboardingStep", "persona"), Persona)

    async def retry_job(self, input: RetryJobInput) -> RetryJobPayload:
        """Ask once more for what a failed or cancelled job was to make: speech, video or content. It is a
        new job with a new output and a new quote, by whoever can do it now; a scene takes its place in
        its content.
        """
        return await self._change("retryJob", input, ("retryJob",), RetryJobPayload)

    async def quote_retry_job(self, input: RetryJobInput) -> Quote:
        """What retry_job would cost now; nothing is made."""
        return await self._change("retryJob", input, ("retryJob", "quote"), Quote, dry_run=True)

    async def revoke_service_token(self, input: RevokeServiceTokenInput) -> ServiceTokenPayload:
        """Revoke a service token; it stops working within a minute everywhere."""
        return await self._change("revokeServiceToken", input, ("revokeServiceToken",), ServiceTokenPayload)

    async def rollback_persona(self, input: RollbackPersonaInput) -> PersonaVersionPayload:
        """Bring back voice, avatar, style and settings of an earlier version, as a new version. Refused if
        its voice or avatar was erased.
        """
        return await self._change("rollbackPersona", input, ("rollbackPersona",), PersonaVersionPayload)

    async def rotate_webhook_secret(self, input: WebhookInput) -> WebhookPayload:
        """Change a webhook's secret. For 24 hours messages carry both signatures."""
        return await self._change("rotateWebhookSecret", input, ("rotateWebhookSecret",), WebhookPayload)

    async def set_drift_watch(self, input: SetDriftWatchInput) -> Voice:
        """Allow, or forbid, that a voice is checked for drift by itself, as often as the server is set to
        (PERSONA_GRAPH_DRIFT_DAYS).
        """
        return await self._change("setDriftWatch", input, ("setDriftWatch", "voice"), Voice)

    async def set_golden_lines(self, input: SetGoldenLinesInput) -> Persona:
        """Change the sentences a persona's voice is watched by."""
        return await self._change("setGoldenLines", input, ("setGoldenLines", "persona"), Persona)

    async def set_platform_adaptation(self, input: SetPlatformAdaptationInput) -> PlatformAdaptation:
        """Set by hand how a style is fitted to one platform. It outlasts every analysis, until it is reset.
        The platform's own limit cannot be changed.
        """
        return await self._change(
            "setPlatformAdaptation", input, ("setPlatformAdaptation", "adaptation"), PlatformAdaptation
        )

    async def set_pronunciation(self, input: SetPronunciationInput) -> LexiconEntry:
        """Say how a word is said that is not said as it is written."""
        return await self._change("setPronunciation", input, ("setPronunciation", "entry"), LexiconEntry)

    async def set_tier(self, input: SetTierInput) -> Account:
        """Operators: move an account to another tier. Needs the OPERATE scope; jobs under way keep their
        agreed prices.
        """
        return await self._change("setTier", input, ("setTier", "account"), Account)

    async def set_voice_renewal(self, input: SetVoiceRenewalInput) -> Voice:
        """Allow, or no longer allow, that enrolments of a voice are used once before their vendor drops
        them.
        """
        return await self._change("setVoiceRenewal", input, ("setVoiceRenewal", "voice"), Voice)

    async def skip_onboarding_step(self, input: OnboardingStepInput) -> Persona:
        """Leave a step of the onboarding out. Nothing is deleted; doing the step later undoes it."""
        return await self._change("skipOnboardingStep", input, ("skipOnboardingStep", "persona"), Persona)

    async def spend(self) -> Spend:
        """What the account spent this month (UTC), and what is left."""
        return await self._one("spend", {}, ("viewer", "account", "spend"), Spend)

    async def style_check(self, input: StyleCheckInput) -> StyleCheck:
        """Score a text against a persona's style, and a platform's limits if one is given. Free; writes
        nothing and asks nobody.
        """
        return await self._change("styleCheck", input, ("styleCheck", "check"), StyleCheck)

    async def style_prompt(self, persona_id: str, platform: Platform | None = None) -> str | None:
        """Instructions for a language model to write as the persona, for one platform."""
        return await self._maybe(
            "stylePrompt", {"personaId": persona_id, "platform": platform}, ("persona", "stylePrompt"), str
        )

    async def test_webhook(self, input: WebhookInput) -> WebhookDelivery:
        """Send a webhook a message that says nothing, to see whether it is taken."""
        return await self._change("testWebhook", input, ("testWebhook", "delivery"), WebhookDelivery)

    async def train_twin(self, input: TrainTwinInput) -> TrainVoicePayload:
        """Enrol a trained voice at one more provider, so that it can stand in there. The recordings must be
        of the same person. Nothing speaks with the twin before acceptTwin.
        """
        return await self._change("trainTwin", input, ("trainTwin",), TrainVoicePayload)

    async def quote_train_twin(self, input: TrainTwinInput) -> Quote:
        """What train_twin would cost now; nothing is made."""
        return await self._change("trainTwin", input, ("trainTwin", "quote"), Quote, dry_run=True)

    async def train_voice(self, input: TrainVoiceInput) -> TrainVoicePayload:
        """Train a voice from recordings. Nothing is charged or sent before the set qualifies; the approved
        voice stays live until the new one is approved.
        """
        return await self._change("trainVoice", input, ("trainVoice",), TrainVoicePayload)

    async def quote_train_voice(self, input: TrainVoiceInput) -> Quote:
        """What train_voice would cost now; nothing is made."""
        return await self._change("trainVoice", input, ("trainVoice", "quote"), Quote, dry_run=True)

    async def unpin_persona_version(self, input: UnpinPersonaVersionInput) -> Persona:
        """Let a platform go by what is live again."""
        return await self._change("unpinPersonaVersion", input, ("unpinPersonaVersion", "persona"), Persona)

    async def update_persona(self, input: UpdatePersonaInput) -> Persona:
        """Change a persona."""
        return await self._change("updatePersona", input, ("updatePersona", "persona"), Persona)

    async def update_persona_settings(self, input: UpdatePersonaSettingsInput) -> Persona:
        """Set how a persona sounds and looks where a request leaves it out, everywhere or on one platform."""
        return await self._change(
            "updatePersonaSettings", input, ("updatePersonaSettings", "persona"), Persona
        )

    async def update_writing_style(self, input: UpdateWritingStyleInput) -> WritingStyle:
        """Set parts of a writing style by hand. They count over what is measured and outlast every
        analysis, until they are reset.
        """
        return await self._change(
            "updateWritingStyle", input, ("updateWritingStyle", "writingStyle"), WritingStyle
        )

    async def viewer(self) -> Viewer:
        """The caller: its label, what its token may do, its account."""
        return await self._one("viewer", {}, ("viewer",), Viewer)

    async def voice(self, id: str) -> Voice | None:
        """One voice; None if there is none of that id, or it is not yours."""
        return await self._maybe("voice", {"id": id}, ("node",), Voice)

    async def webhooks(self) -> list[Webhook]:
        """The addresses that are told what happens, oldest first."""
        return await self._all("webhooks", {}, ("viewer", "account", "webhooks"), Webhook)

    async def withdraw_consent(self, input: WithdrawConsentInput) -> Consent:
        """Withdraw a consent: unless another one holds, use stops at once and jobs that rest on it are
        cancelled. What was made stays until it is deleted.
        """
        return await self._change("withdrawConsent", input, ("withdrawConsent", "consent"), Consent)
