"""What is read. Generated from schema.graphql by `python -m tools.typed_clients`: edits are lost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pydantic import Field

from persona_graph_client.generated.enums import (
    AgeHint,
    Approval,
    AssetKind,
    AssetPurpose,
    AssetState,
    AvatarStatus,
    Capability,
    CaseRule,
    ConsentScope,
    ContentPart,
    ContentType,
    DeliveryState,
    EventKind,
    Fidelity,
    GenderHint,
    JobKind,
    JobState,
    PartState,
    PitchClass,
    Platform,
    ProgressSource,
    QualityBand,
    TimingSource,
    TokenScope,
    TrainingStatus,
    WebhookEvent,
)
from persona_graph_client.words import Answer


class Money(Answer):
    """An exact amount."""

    amount: Decimal
    """Decimal string, for example "0.0200"."""

    currency: str
    """ISO 4217 code; always USD today."""


class Tier(Answer):
    """A subscription tier."""

    id: str
    """Stable word."""

    name: str
    """Its name."""

    monthly_cap: Money | None = None
    """Most an account may spend in a calendar month (UTC); null for no cap."""


class Account(Answer):
    """Who owns the personas and pays."""

    id: str
    """Opaque id."""

    name: str
    """Its name."""

    tier: Tier
    """Its tier."""

    tier_until: datetime | None = None
    """When the tier runs out; null for one that does not."""


class MediaRefusal(Answer):
    """Why an uploaded file failed its checks."""

    code: str
    """Stable word; all are listed in docs/errors.md."""

    message: str
    """What is wrong with it."""

    fix: str | None = None
    """What to do about it."""


class PhotoReport(Answer):
    """What was measured on the photo. The face is looked at 256 pixels wide; docs/photos.md says what the
    figures mean and where refusals begin.
    """

    width: int | None = None
    """Pixels."""

    height: int | None = None
    """Pixels."""

    sharpness: float | None = None
    """Variance of the Laplacian of the face, brought to one contrast: 20 and more for a clear portrait,
    refused below 6.
    """

    brightness: float | None = None
    """Mean luma of the face, 0 to 255; refused below 35 and above 235."""

    contrast: float | None = None
    """Standard deviation of the face's luma."""

    clipped: float | None = None
    """Share of the face that is black or white, 0 to 1; refused when a third is white."""

    noise: float | None = None
    """Estimated standard deviation of the grain in the face, with its finest texture; refused above 12."""

    tilt_degrees: float | None = None
    """Slope of the line through the eyes, positive when the one on the right of the picture is lower;
    refused beyond 20. Null when the eyes were not both found.
    """

    eye_symmetry: float | None = None
    """Size of the smaller eye by that of the larger one, 0 to 1; below 0.75, and the eyes near together,
    the head counts as turned aside. Null when the eyes were not both found.
    """


class Asset(Answer):
    """One stored file, encrypted at rest."""

    id: str
    """Opaque id."""

    kind: AssetKind
    """What sort of file it is."""

    purpose: AssetPurpose
    """What it is for."""

    state: AssetState
    """Where it is."""

    file_name: str
    """The name it was uploaded under; text only, never a path."""

    content_type: str | None = None
    """Media type found in the bytes, not the one claimed."""

    size: int | None = None
    """Bytes."""

    seconds: float | None = None
    """Measured length of audio or video, in seconds."""

    width: int | None = None
    """Pixels."""

    height: int | None = None
    """Pixels."""

    url: str | None = None
    """A short-lived link to the bytes, with Range; null unless READY. It needs no token: whoever has it can
    read the file until it expires.
    """

    url_expires_at: datetime | None = None
    """When the link stops working."""

    refusal: MediaRefusal | None = None
    """Set when state is REFUSED."""


class AssessPhotoPayload(Answer):
    """Whether an avatar can be made of the photo, and how it would look."""

    accepted: bool
    """Whether it passed every check."""

    refusal: MediaRefusal | None = None
    """What is wrong with it and what to do; null when it was accepted."""

    report: PhotoReport | None = None
    """What was measured; null when it was refused: then nothing of it is kept."""

    preview: Asset | None = None
    """The portrait as a 1:1 video frames it: a PNG of at most 512 pixels, erased with the photo. Null when
    it was refused.
    """


class SampleAssessment(Answer):
    """One recording, judged by itself."""

    asset_id: str
    """The upload."""

    file_name: str
    """The name it was uploaded under."""

    accepted: bool
    """Whether it can be used for training."""

    hints: list[str]
    """What is unusual about it; no reason to refuse it."""


class VoiceQuality(Answer):
    """What a set of recordings is worth for training a voice. A low score advises, it never refuses."""

    score: int
    """0 to 100: 0.30 consistency, 0.30 sample quality, 0.25 duration, 0.15 variety."""

    band: QualityBand
    """What the score means."""

    consistency: int | None = None
    """Do they sound like one person, 0 to 100; null if there is too little speech to compare."""

    sample_quality: int
    """How clear they are, 0 to 100."""

    duration: int
    """Is there enough speech, 0 to 100; speech that is there twice counts once."""

    variety: int
    """How much pitch, loudness and pace move, 0 to 100; what is there twice counts once."""

    speech_seconds: float
    """Speech in the accepted recordings."""

    distinct_seconds: float
    """Speech that is not a repetition."""


class VoiceCharacteristics(Answer):
    """What a voice is like, measured. Hints rest on pitch alone; weak evidence answers UNKNOWN."""

    pitch: PitchClass
    """How high it lies."""

    pitch_hz: float | None = None
    """Median fundamental frequency."""

    gender: GenderHint
    """A hint."""

    gender_confidence: float
    """0 to 1; 0 where it is UNKNOWN."""

    age: AgeHint
    """A hint."""

    age_confidence: float
    """0 to 1; 0 where it is UNKNOWN."""


class AssessSamplesPayload(Answer):
    """What a training of these recordings would be worth, or why that cannot be said."""

    samples: list[SampleAssessment] | None = None
    """Each recording by itself, in the order given."""

    qualifies: bool | None = None
    """Whether trainVoice would take the accepted ones: one of 60 to 180 s, or at least 5 of 1 s or more."""

    quality: VoiceQuality | None = None
    """The accepted ones together."""

    characteristics: VoiceCharacteristics | None = None
    """What the voice in the accepted ones is like."""


class Avatar(Answer):
    """A portrait the persona appears as."""

    id: str
    """Opaque id."""

    name: str
    """Its name."""

    status: AvatarStatus
    """Where it is."""

    approval: Approval
    """Whether it may be used."""

    created_at: datetime
    """When it was asked for."""

    ready_at: datetime | None = None
    """When its proof clip was made."""

    portrait: Asset | None = None
    """The portrait, re-encoded without any metadata."""

    preview: Asset | None = None
    """A short proof clip to approve."""


class Captions(Answer):
    """The script in cues of at most two lines of 42 characters."""

    source: TimingSource
    """Where the times come from; the same is noted in the WebVTT file."""

    vtt: Asset | None = None
    """As WebVTT."""

    srt: Asset | None = None
    """As SubRip."""


class Voice(Answer):
    """A trained voice of a persona."""

    id: str
    """Opaque id."""

    name: str
    """Its name."""

    language: str
    """BCP 47 tag it was trained for."""

    status: TrainingStatus
    """Where it is."""

    approval: Approval
    """Whether it may be used."""

    fidelity: Fidelity | None = None
    """How near it comes to the person, as the provider declares; null until trained."""

    similarity: float | None = None
    """Cosine of the speaker embeddings of the preview and of the samples, measured here: about 0.5 to 0.75
    between different people, above 0.85 for one person recorded twice (Resemblyzer encoder).
    """

    created_at: datetime
    """When training was asked for."""

    trained_at: datetime | None = None
    """When training succeeded."""

    expires_at: datetime | None = None
    """When the last enrolment that can speak is dropped by its vendor if it is not used; null if one stays.
    """

    preview: Asset | None = None
    """What it sounds like, spoken by the trained voice itself."""


class Progress(Answer):
    """How far a job is."""

    fraction: float | None = None
    """0 to 1 over the whole job; null if never known."""

    source: ProgressSource
    """How the value was obtained."""


class JobFailure(Answer):
    """Why a job, or a leg of one, failed. Nothing was charged for it."""

    code: str
    """Stable word; all are listed in docs/errors.md."""

    message: str
    """For people."""

    fix: str | None = None
    """What to do about it."""


class Quote(Answer):
    """What a request comes to. The price is settled by the measured length, never above the ceiling."""

    price: Money
    """Likely price for the account."""

    price_ceiling: Money
    """Most it can come to; this much is held until the job ends."""


class Job(Answer):
    """Work in progress or done: durable, resumable, cancellable."""

    id: str
    """Opaque id."""

    kind: JobKind
    """What it makes."""

    state: JobState
    """Where it is."""

    stage: str
    """The stage it is in, such as CLEANING_SAMPLE_1_OF_5 or SPEECH."""

    message: str
    """What the provider says about the stage; may be empty."""

    progress: Progress
    """How far it is."""

    failure: JobFailure | None = None
    """Set when state is FAILED."""

    asked_by: str
    """The service or user that asked."""

    created_at: datetime
    """When it was queued."""

    ended_at: datetime | None = None
    """When it ended."""

    quote: Quote
    """What was quoted when it was asked for."""

    settled: Money | None = None
    """What was charged; null until it ended."""

    queue_place: int | None = None
    """How many queued jobs stand up to and including this one; null once it has begun."""


class CheckDriftPayload(Answer):
    """The job at once, or why there is none. Its result will be the first of voice.driftChecks."""

    voice: Voice
    """The voice that speaks; null on a dry run."""

    job: Job
    """Follow it with jobEvents; null on a dry run."""

    quote: Quote
    """What it comes to: as much as speech of that length."""


class Consent(Answer):
    """An agreement of the person whose voice or face it is."""

    id: str
    """Opaque id."""

    scope: ConsentScope
    """What was agreed to."""

    subject: str
    """Who agreed."""

    statement: str
    """The words agreed to."""

    granted_at: datetime
    """When."""

    expires_at: datetime | None = None
    """When it ends by itself."""

    withdrawn_at: datetime | None = None
    """When it was withdrawn."""

    live: bool
    """Whether it holds now: neither withdrawn nor expired."""


class Content(Answer):
    """What one generateContent asked for: one text, or the scenes of a story."""

    id: str
    """Opaque id."""

    title: str | None = None
    """Its title; null if it has none."""

    content_type: ContentType
    """What it is."""

    platform: Platform | None = None
    """Where it will appear."""

    asked_by: str
    """The service or user that asked."""

    created_at: datetime
    """When it was asked for."""


class ContentPartFact(Answer):
    """How far one part of content is, or why it is not there."""

    part: ContentPart
    """Which part."""

    state: PartState
    """How far it is."""

    code: str | None = None
    """Why it was left out or failed, as a stable word; all are listed in docs/errors.md."""

    message: str | None = None
    """The same for people."""

    fix: str | None = None
    """What to do about it."""


class OutputRow(Answer):
    """Something made for a persona."""

    typename: str = Field(alias="__typename")
    """Its type."""

    id: str
    """Opaque id."""

    script: str
    """The words spoken."""

    platform: Platform | None = None
    """Where it will appear."""

    content_type: ContentType
    """What it is, as said by whoever asked or suggested by its platform."""

    draft: bool
    """Whether it is a draft: made for nothing, to look at. It must not be published; promoteOutput makes it
    for real.
    """

    reused: bool
    """Whether it shares its files with the output of an identical request; it cost nothing."""

    price: Money | None = None
    """What the account paid; null until it is ready."""

    created_at: datetime
    """When it was asked for."""

    ready_at: datetime | None = None
    """When it was ready."""

    rating: float | None = None
    """The mean of its ratings, 1 to 5; null while there is none."""


class SkippedPart(Answer):
    """A part that was asked for and cannot be had; the others are made."""

    scene: int
    """The place of its scene, from 0."""

    part: ContentPart
    """Which part."""

    code: str
    """Why, as a stable word; all are listed in docs/errors.md."""

    message: str
    """The same for people."""

    fix: str | None = None
    """What to do about it."""


class ContentScene(Answer):
    """What became of one scene."""

    index: int
    """Its place, from 0."""

    title: str | None = None
    """Its title; null if it has none."""

    output: OutputRow | None = None
    """The output; null on a dry run."""

    job: Job | None = None
    """Follow it with jobEvents; null on a dry run."""

    quote: Quote | None = None
    """What it comes to."""

    skipped: list[SkippedPart]
    """Parts that cannot be had; the others are made."""


class CreateAvatarPayload(Answer):
    """The draft avatar and its job at once, or why there is none."""

    avatar: Avatar
    """The draft avatar; null on a dry run."""

    job: Job
    """Follow it with jobEvents; null on a dry run."""

    quote: Quote
    """What it comes to."""


class DeletedPayload(Answer):
    """The id that is gone, or why it is not."""

    deleted_id: str
    """The id of what was deleted."""

    pending: list[str] | None = None
    """Providers that have not confirmed deleting their copy of a voice yet; they are asked until they do.
    """


class Engagement(Answer):
    """What a platform counted for an output: totals up to a moment."""

    platform: Platform
    """Where it was published."""

    views: int
    """How often it was seen or heard."""

    likes: int
    """Likes and other reactions of one click."""

    comments: int
    """Comments and replies."""

    shares: int
    """Shares and reposts."""

    clicks: int
    """Clicks on what it links to."""

    reported_by: str
    """The service that reported it."""

    at: datetime
    """Up to when."""


class ExportPersonaPayload(Answer):
    """The bundle, or why there is none."""

    asset: Asset | None = None
    """The signed file, with purpose BUNDLE. It holds a face: keep it as you would keep a key. Erased after
    24 hours, and with the next export.
    """

    key: str | None = None
    """The public key it is signed with, for PERSONA_GRAPH_TRUSTED_BUNDLE_KEYS of another installation."""

    left_out: list[str] | None = None
    """What the persona has and the bundle does not, each with the reason."""


class Served(Answer):
    """Who did one leg of an output."""

    leg: str
    """The leg's name."""

    capability: Capability
    """What kind of work it was."""

    provider: str
    """The provider's id."""

    offer: str
    """The offer's id."""

    fidelity: Fidelity | None = None
    """How near the voice comes to the person; null where nobody speaks."""

    honoured: list[str]
    """The asked-for settings that had effect."""


class Output(Answer):
    """Something made for a persona."""

    typename: str = Field(alias="__typename")
    """Its type."""

    id: str
    """Opaque id."""

    script: str
    """The words spoken."""

    platform: Platform | None = None
    """Where it will appear."""

    content_type: ContentType
    """What it is, as said by whoever asked or suggested by its platform."""

    asked_by: str
    """The service or user that asked."""

    draft: bool
    """Whether it is a draft: made for nothing, to look at. It must not be published; promoteOutput makes it
    for real.
    """

    reused: bool
    """Whether it shares its files with the output of an identical request; it cost nothing."""

    served: list[Served]
    """Who did what."""

    similarity: float | None = None
    """Cosine of the speaker embeddings of this speech and of the voice's samples; null for a stock voice.
    """

    style_score: int | None = None
    """How far its words are in the persona's style, 0 to 100, as styleCheck scores them; null without a
    style, or with too little of it or of the text to rest a figure on.
    """

    price: Money | None = None
    """What the account paid; null until it is ready."""

    cost: Money | None = None
    """What the vendors billed the operator; null until it is ready."""

    created_at: datetime
    """When it was asked for."""

    ready_at: datetime | None = None
    """When it was ready."""

    asset: Asset | None = None
    """The finished file; null until it is ready."""

    job: Job | None = None
    """The job that makes or made it."""

    rating: float | None = None
    """The mean of its ratings, 1 to 5; null while there is none."""

    captions: Captions | None = None
    """Captions; null unless they were asked for."""

    speech: Asset | None = None
    """The speech in it, as a file of its own; null if it was made from an earlier output."""

    poster: Asset | None = None
    """A still from it, to show before it plays."""

    title: str | None = None
    """Its title; null if it has none."""

    text: str | None = None
    """The text as it is published, given or written; null until it is written."""

    scene: int | None = None
    """Its place in the content, from 0."""

    parts: list[ContentPartFact] | None = None
    """Part by part how far it is, and why something is missing."""

    video: Asset | None = None
    """The video; null until it is made, or if it was not."""


class GenerateContentPayload(Answer):
    """The content with its jobs at once, or why there is none."""

    content: Content
    """All of it; null on a dry run."""

    scenes: list[ContentScene]
    """Scene by scene, in order; a single text is one scene."""

    output: Output
    """The first scene's output; null on a dry run."""

    job: Job
    """The first scene's job; null on a dry run."""

    quote: Quote
    """What all scenes come to."""

    skipped: list[SkippedPart]
    """Parts that cannot be had, of all scenes; the others are made."""


class Problem(Answer):
    """Something the caller can put right. Nothing was changed and nothing is charged."""

    typename: str = Field(alias="__typename")
    """Its type."""

    code: str
    """Stable word; all are listed in docs/errors.md."""

    message: str
    """What is wrong, for people."""

    path: list[str]
    """The input field it is about, outermost first; empty if it is about the whole request."""

    fix: str | None = None
    """What to do about it."""

    state: str | None = None
    """The state it is in."""

    tier: str | None = None
    """The account's tier."""

    required_tier: str | None = None
    """The cheapest tier that includes it; null if none does."""

    scope: str | None = None
    """The consent scope that is missing."""

    asset_id: str | None = None
    """The file."""

    source: str | None = None
    """Its name: that of a text, a file's, or the page's address."""

    needed: Money | None = None
    """What the request may cost at most."""

    left: Money | None = None
    """What the limit still allows."""

    refusals: list[str] | None = None
    """Why each cannot."""

    limit: int | None = None
    """The quota."""


class SpeechBatchItem(Answer):
    """What became of one script."""

    output: Output | None = None
    """The output; null on a dry run and where it was refused."""

    job: Job | None = None
    """Follow it with jobEvents; null on a dry run and where it was refused."""

    quote: Quote | None = None
    """What it comes to; null where it was refused."""

    errors: list[Problem]
    """Why this script was refused; empty if it was not."""


class GenerateSpeechBatchPayload(Answer):
    """Script by script the output and its job, or why there is none."""

    items: list[SpeechBatchItem]
    """In the order of the input; null if the whole was refused."""

    quote: Quote
    """What all that were not refused come to."""


class GenerateSpeechPayload(Answer):
    """The output and its job at once, or why there is none."""

    output: Output
    """The output; null on a dry run."""

    job: Job
    """Follow it with jobEvents; null on a dry run."""

    quote: Quote
    """What it comes to."""


class GenerateVideoPayload(Answer):
    """The output and its job at once, or why there is none."""

    output: Output
    """The output; null on a dry run."""

    job: Job
    """Follow it with jobEvents; null on a dry run."""

    quote: Quote
    """What it comes to."""


class WritingStyle(Answer):
    """How a person writes: measured on their texts, and what was set by hand over it."""

    language: str | None = None
    """ISO 639-1 code of the texts; null until they were analysed."""

    words: int
    """Words measured; 0 until then."""

    texts: int
    """Texts measured."""

    confidence: float
    """0 to 1: falls with few words and few texts."""

    completeness: float
    """0 to 1: the share of all fields that could be measured."""

    summary: str
    """The style in a few sentences, put together from its figures by rule, not by a model; empty where
    nothing is known.
    """

    edited: list[str]
    """The fields and figures that were set by hand."""

    updated_at: datetime
    """When it last changed."""


class Persona(Answer):
    """One writer's persona: how they sound and how they look."""

    id: str
    """Opaque id."""

    name: str
    """Its name."""

    archetype: str | None = None
    """In a few words, what kind of character it is."""

    brand_voice: str | None = None
    """How the brand speaks, in prose."""

    language: str
    """BCP 47 tag of the language it speaks unless told otherwise."""

    created_at: datetime
    """When it was made."""

    updated_at: datetime
    """When it last changed."""

    writing_style: WritingStyle | None = None
    """How it writes; null until a style was analysed or set."""

    voice: Voice | None = None
    """The voice content is spoken with: the approved one; null if there is none."""

    avatar: Avatar | None = None
    """The face content is shown with: the approved one; null if there is none."""

    consents: list[Consent]
    """All consents, withdrawn ones too, newest first."""


class PersonaOrigin(Answer):
    """The bundle a persona was imported from."""

    key: str
    """The public key it was signed with, 64 hexadecimal digits."""

    exported_at: datetime | None = None
    """When it was written."""

    imported_at: datetime
    """When it was taken in."""

    unusable: list[str]
    """Enrolments that could not be taken over, each with the reason."""


class ImportPersonaPayload(Answer):
    """The new persona, or why there is none."""

    persona: Persona | None = None
    """The persona; its voices and faces are drafts, and nothing speaks or shows them before grantConsent.
    """

    origin: PersonaOrigin | None = None
    """What came with it, and what could not be taken over."""


class JobRow(Answer):
    """Work in progress or done: durable, resumable, cancellable."""

    id: str
    """Opaque id."""

    kind: JobKind
    """What it makes."""

    state: JobState
    """Where it is."""

    stage: str
    """The stage it is in, such as CLEANING_SAMPLE_1_OF_5 or SPEECH."""

    asked_by: str
    """The service or user that asked."""

    created_at: datetime
    """When it was queued."""

    ended_at: datetime | None = None
    """When it ended."""


class PageInfo(Answer):
    """Where a page ends."""

    has_next_page: bool
    """Whether more follow."""

    end_cursor: str | None = None
    """Pass it as `after` to get the next page."""


class JobConnection(Answer):
    """A page of a list that grows."""

    nodes: list[JobRow]
    """The items alone."""

    page_info: PageInfo
    """Where the page ends."""


class JobEvent(Answer):
    """Something that happened to a job, and the job as it was then."""

    cursor: str
    """Pass it as `after` to continue behind this event."""

    sequence: int
    """Counts from 1 within the job, without gaps."""

    kind: EventKind
    """What happened."""

    at: datetime
    """When."""

    terminal: bool
    """Whether it is the job's last event."""

    job_id: str
    """The job."""

    job_kind: JobKind
    """What the job makes."""

    state: JobState
    """The job's state then."""

    stage: str
    """The stage then."""

    message: str
    """What the provider said then; may be empty."""

    progress: Progress
    """How far it was."""

    leg: str | None = None
    """The leg at work."""

    provider: str | None = None
    """The provider that leg was with."""

    failure: JobFailure | None = None
    """Set on the event that failed it."""


class LexiconEntry(Answer):
    """How one written word is said."""

    id: str
    """Opaque id, for removePronunciation."""

    written: str
    """The word, or words, as they stand in a script."""

    spoken: str | None = None
    """Respelled as it sounds; null if only its transcription is known."""

    ipa: str | None = None
    """Its transcription in the International Phonetic Alphabet; null if not known."""

    language: str | None = None
    """BCP 47 tag of the language it is for; null for any."""

    case_rule: CaseRule
    """Which spellings it is for."""

    updated_at: datetime
    """When it was last changed."""


class OptOutPayload(Answer):
    """The persona without it, or why nothing was changed."""

    persona: Persona | None = None
    """The persona."""

    pending: list[str] | None = None
    """Providers that have not confirmed deleting their copy of a voice yet; they are asked until they do.
    """


class OutputConnection(Answer):
    """A page of a list that grows."""

    nodes: list[OutputRow]
    """The items alone."""

    page_info: PageInfo
    """Where the page ends."""


class PersonaRow(Answer):
    """One writer's persona: how they sound and how they look."""

    id: str
    """Opaque id."""

    name: str
    """Its name."""

    archetype: str | None = None
    """In a few words, what kind of character it is."""

    language: str
    """BCP 47 tag of the language it speaks unless told otherwise."""

    created_at: datetime
    """When it was made."""

    updated_at: datetime
    """When it last changed."""


class PersonaConnection(Answer):
    """A page of a list that grows."""

    nodes: list[PersonaRow]
    """The items alone."""

    page_info: PageInfo
    """Where the page ends."""


class PersonaVersion(Answer):
    """One approved state of a persona. It never changes."""

    id: str
    """Opaque id, for rollbackPersona and pinPersonaVersion."""

    number: int
    """From 1 upwards."""

    note: str | None = None
    """What whoever approved it said of it."""

    approved_by: str
    """The service or user that approved it."""

    at: datetime
    """When."""

    erased: bool
    """Whether its voice or avatar was erased: then it cannot come back."""

    rolled_back_to: str | None = None
    """The version it brought back; null if it was approved."""


class PersonaVersionPayload(Answer):
    """The version with its persona, or why nothing was changed."""

    persona: Persona | None = None
    """The persona."""

    version: PersonaVersion | None = None
    """The version."""


class PlatformAdaptation(Answer):
    """A writing style fitted to one platform. Limits and their sources stand in docs/style.md."""

    platform: Platform
    """The platform."""

    character_limit: int | None = None
    """What one post can hold at most; null where there is no limit."""

    words_low: int
    """Advised length, from."""

    words_high: int
    """Advised length, to."""

    hashtags_low: int
    """Hashtags, from."""

    hashtags_high: int
    """Hashtags, to."""

    emoji_per1000: float
    """Emoji in 1,000 words, at most."""

    sentence_words: float
    """Words of a sentence, on average."""

    longest_sentence: int
    """Words of the longest sentence."""

    paragraph_sentences: int
    """Sentences of a paragraph, at most."""

    formality_low: float
    """Formality from 0 to 100, from."""

    formality_high: float
    """Formality from 0 to 100, to."""

    tones: list[str]
    """The tones that fit, the writer's own first."""

    formatting: list[str]
    """How it is set out."""

    engagement: list[str]
    """How readers are drawn in."""

    devices: list[str]
    """Which of the writer's devices serve here."""

    links: str
    """Where links go."""

    notes: str
    """What else is to be observed; only ever set by hand."""

    edited: list[str]
    """The fields that were set by hand; no analysis changes them."""


class PromoteOutputPayload(Answer):
    """The output and its job at once, or why there is none."""

    output: Output
    """The output, a draft until the job succeeds; null on a dry run."""

    job: Job
    """Follow it with jobEvents; null on a dry run."""

    quote: Quote
    """What it comes to."""


class Rating(Answer):
    """What one caller thinks of an output."""

    stars: int
    """1 to 5."""

    comment: str
    """In words; empty if there are none."""

    rated_by: str
    """The service or user that rated."""

    at: datetime
    """When."""


class RateOutputPayload(Answer):
    """The output and the opinion, or why nothing was changed."""

    output: Output
    """The output."""

    rating: Rating
    """The opinion, in place of an earlier one of the same caller."""


class RecordEngagementPayload(Answer):
    """The output and the report that stays, or why nothing was changed."""

    output: Output
    """The output."""

    engagement: Engagement
    """The latest report for this platform."""


class RetryJobPayload(Answer):
    """The new output and its job at once, or why there is none."""

    output: Output
    """The new output; null on a dry run."""

    job: Job
    """The new job; null on a dry run."""

    quote: Quote
    """What it comes to now."""

    skipped: list[SkippedPart] | None = None
    """Of content, the parts that cannot be had; the others are made."""


class ServiceToken(Answer):
    """A bearer token of a service. Its secret is shown once, when it is made."""

    id: str
    """Opaque id."""

    label: str
    """The service's name, as it appears on outputs."""

    scopes: list[TokenScope]
    """What it may do."""

    created_at: datetime
    """When it was made."""

    last_used_at: datetime | None = None
    """When it was last used, to the hour."""

    expires_at: datetime | None = None
    """When it stops working."""

    revoked_at: datetime | None = None
    """When it was revoked."""


class ServiceTokenPayload(Answer):
    """The token, or why nothing was changed."""

    token: ServiceToken
    """The token."""

    secret: str | None = None
    """The bearer token itself, shown this once; null when revoking."""


class Spend(Answer):
    """What an account spent in a period."""

    spent: Money
    """Settled in the period, less what was given back."""

    held: Money
    """Held now for jobs under way."""

    left: Money | None = None
    """What the cap still allows this calendar month (UTC); null for no cap."""


class StyleFinding(Answer):
    """What departs from the style or the platform, and where."""

    rule: str
    """The rule's id; all are in docs/style.md."""

    severity: str
    """ERROR (it cannot be posted like this), WARNING or HINT."""

    message: str
    """What it is."""

    suggestion: str
    """What to do about it."""

    start: int | None = None
    """Where it begins, in characters of `StyleCheck.text`; null if it is about the whole text."""

    end: int | None = None
    """Where it ends."""

    quote: str | None = None
    """What stands there; at most 160 characters."""


class StyleCheck(Answer):
    """How far a text is in a persona's style."""

    score: int
    """0 to 100. What to expect of one's own and of other people's texts stands in docs/style.md."""

    reliable: bool
    """Whether text and style are long enough to rest on it."""

    words: int
    """Words in the text."""

    text: str
    """The text the offsets count in: as it was given, in NFC and with line feeds."""

    findings: list[StyleFinding]
    """The platform's first, then in the order of the text; at most 50."""


class TrainVoicePayload(Answer):
    """The draft voice and its job at once, or why there is none."""

    voice: Voice
    """The draft voice; null on a dry run."""

    job: Job
    """Follow it with jobEvents; null on a dry run."""

    quote: Quote
    """What it comes to."""


class Upload(Answer):
    """Permission to put a file's bytes: PUT them, raw, to `url` before it expires. The answer is 201 with
    the checked asset, or 4xx with the reason.
    """

    url: str
    """Where to PUT the bytes. It needs no token."""

    method: str
    """PUT."""

    expires_at: datetime
    """When the link stops working."""

    max_bytes: int
    """The announced size."""


class UploadPayload(Answer):
    """Where to put the bytes, or why not."""

    asset: Asset
    """The asset they will become; refer to it by its id."""

    upload: Upload
    """Where to put them."""


class Viewer(Answer):
    """The authenticated caller."""

    label: str
    """The calling service or user."""

    scopes: list[TokenScope]
    """What the token may do."""

    account: Account
    """The caller's account."""


class Webhook(Answer):
    """An address of a writer service that is told what happened, signed by the Standard Webhooks scheme."""

    id: str
    """Opaque id."""

    url: str
    """Where messages are posted."""

    events: list[WebhookEvent]
    """What it is told of; empty for everything."""

    created_at: datetime
    """When it was made."""

    rotated_at: datetime | None = None
    """When its secret was last changed."""

    disabled_at: datetime | None = None
    """Since when it is told nothing, because it said that it is gone or took nothing for five days."""

    disabled_why: str | None = None
    """Why."""


class WebhookDelivery(Answer):
    """One message to one endpoint."""

    id: str
    """Opaque id, for redeliverWebhook."""

    message_id: str
    """What the `webhook-id` header says; the same when it is delivered again."""

    event: WebhookEvent
    """What it tells of."""

    body: str
    """The JSON that is sent, to the byte."""

    state: DeliveryState
    """How far it came."""

    tries: int
    """How often it was sent."""

    next_at: datetime | None = None
    """When it is tried next; null when it is over."""

    status: int | None = None
    """The HTTP status of the last answer; null where nobody answered."""

    answer: str | None = None
    """The beginning of the last answer, or why there was none."""

    created_at: datetime
    """When it happened."""

    ended_at: datetime | None = None
    """When it was taken, or given up."""


class WebhookPayload(Answer):
    """The webhook, or why nothing was changed."""

    webhook: Webhook
    """The webhook."""

    secret: str | None = None
    """What its messages are signed with, `whsec_` and base64 of 32 bytes; shown this once, when it is made
    or changed.
    """
