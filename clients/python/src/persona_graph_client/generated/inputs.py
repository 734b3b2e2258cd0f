"""What mutations are given. Generated from schema.graphql by `python -m tools.typed_clients`: edits are lost."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from pydantic import Field

from persona_graph_client.generated.enums import (
    Aspect,
    CaptionMode,
    CaseRule,
    ConsentScope,
    ContentPart,
    ContentType,
    Equaliser,
    MusicLoop,
    OnboardingStep,
    PersonaPart,
    PersonaSetting,
    Platform,
    Resolution,
    SoundPreset,
    SpeechFormat,
    TokenScope,
    UploadPurpose,
    VoicePolicy,
    VoiceTone,
    WebhookEvent,
)
from persona_graph_client.words import Input


class AnalyzeWritingStyleInput(Input):
    """What to measure a style on. It is measured anew each time: give everything that is to count."""

    persona_id: str
    """The persona."""

    texts: list[StyleTextInput] = []
    """At most 50 pasted texts."""

    document_ids: list[str] = []
    """At most 25 uploaded assets with purpose DOCUMENT."""

    urls: list[str] = []
    """At most 10 addresses of public web pages; their main text is read."""

    language: str | None = None
    """ISO 639-1 code of the texts; null to find out."""


class ApprovePersonaInput(Input):
    """Which persona to approve as a whole."""

    persona_id: str
    """The persona."""

    note: str | None = None
    """What to remember of it; at most 200 characters."""


class AssessPhotoInput(Input):
    """Which photo."""

    photo_id: str
    """An uploaded asset with purpose PHOTO, accepted or refused."""


class AssessSamplesInput(Input):
    """Recordings to judge."""

    sample_ids: list[str]
    """1 to 25 uploaded assets with purpose SAMPLE, together at most 25 minutes."""


class AvatarInput(Input):
    """Which avatar."""

    avatar_id: str
    """The avatar."""


class CancelJobInput(Input):
    """Which job to cancel."""

    job_id: str
    """The job."""


class CheckDriftInput(Input):
    """A persona whose voice to listen to."""

    persona_id: str
    """The persona."""

    idempotency_key: str | None = None
    """1 to 255 characters, unique per request. The same key with the same input gives the same job again,
    for ever; with other input a typed error.
    """

    max_price: Decimal | None = None
    """Refuse if it may cost more than this, in USD."""

    as_baseline: bool = False
    """Make this rendering what later ones are compared with."""


class CreateAvatarInput(Input):
    """A portrait to make an avatar of."""

    persona_id: str
    """The persona."""

    name: str
    """The avatar's name, 1 to 200 characters."""

    photo_id: str
    """An uploaded asset with purpose PHOTO; several avatars may be made of it."""

    idempotency_key: str | None = None
    """1 to 255 characters, unique per request. The same key with the same input gives the same job again,
    for ever; with other input a typed error.
    """

    max_price: Decimal | None = None
    """Refuse if it may cost more than this, in USD."""

    prompt: str | None = None
    """Clothing, background and style in words, for providers that honour it; what the persona's settings
    say if null, nothing if empty.
    """

    voice_policy: VoicePolicy = VoicePolicy.PERSONA_VOICE
    """Who speaks in the proof clip."""


class CreatePersonaInput(Input):
    """A new persona."""

    name: str
    """1 to 200 characters."""

    archetype: str | None = None
    """At most 200 characters."""

    brand_voice: str | None = None
    """At most 5,000 characters."""

    language: str = "en"
    """BCP 47 tag of the language it speaks."""


class CreateServiceTokenInput(Input):
    """A token for a service that calls on the account's behalf."""

    label: str
    """The service's name, as it appears on outputs; 1 to 100 characters."""

    scopes: list[TokenScope]
    """What it may do; never more than you may."""

    expires_at: datetime | None = None
    """When it stops working; null for until revoked."""


class CreateUploadInput(Input):
    """What is going to be uploaded."""

    purpose: UploadPurpose
    """What it is for."""

    file_name: str
    """Its name, for people; never used as a path."""

    content_type: str
    """The media type claimed; the bytes decide."""

    size: int
    """Exact number of bytes; more or fewer are refused."""


class CreateWebhookInput(Input):
    """An address that is to be told what happens."""

    url: str
    """A public https:// address that answers 2xx within 10 seconds."""

    events: list[WebhookEvent] = []
    """What it is to be told of; empty for everything."""


class DeleteOutputInput(Input):
    """Which output to delete."""

    output_id: str
    """The output."""


class DeletePersonaInput(Input):
    """Which persona to delete."""

    persona_id: str
    """The persona."""


class DeleteUploadInput(Input):
    """Which upload to delete."""

    asset_id: str
    """An uploaded asset that nothing is made of."""


class DeliveryInput(Input):
    """Which delivery."""

    delivery_id: str
    """The delivery."""


class EffectsInput(Input):
    """Effects by amount, 0 (none) to 1; null takes the preset's. The length stays; what rings over the end
    is cut.
    """

    reverb: float | None = None
    """A room."""

    echo: float | None = None
    """Repeats after 0.28 s."""

    compression: float | None = None
    """Loud moments made quieter: less difference to the rest."""

    normalisation: float | None = None
    """Loud and quiet passages brought nearer; the share of the difference that goes."""

    equaliser: Equaliser | None = None
    """A tone curve."""


class ExportPersonaInput(Input):
    """Which persona to write down."""

    persona_id: str
    """The persona."""

    passphrase: str | None = None
    """12 to 200 characters, to take voice models along, encrypted with it; null leaves them out."""


class FigureInput(Input):
    """A figure set by hand."""

    key: str
    """The figure's name, for example `sentence_words`."""

    value: float
    """Within the figure's bounds."""


class GenerateContentInput(Input):
    """A text to publish, read and show as the persona. Give one of script, brief and scenes."""

    persona_id: str
    """The persona."""

    content_type: ContentType
    """What it is; it decides how it is read out and which platform is meant."""

    idempotency_key: str | None = None
    """1 to 255 characters, unique per request. The same key with the same input gives the same job again,
    for ever; with other input a typed error.
    """

    max_price: Decimal | None = None
    """Refuse if it may cost more than this, in USD."""

    platform: Platform | None = None
    """Where it will appear; what its type suggests if null."""

    title: str = ""
    """The title or subject. A blog post's or an episode's is read out first."""

    script: str | None = None
    """The text as it is published; Markdown, links, hashtags and emoji are not read out. A story or podcast
    is cut into scenes at its headings and marks.
    """

    brief: str | None = None
    """What the text is to be written about, by an installed TEXT provider in the persona's style; without
    such a provider it is refused.
    """

    scenes: list[SceneInput] | None = None
    """1 to 50 scenes in place of script and brief; each becomes an output with a job of its own."""

    parts: list[ContentPart] | None = None
    """What is wanted; all of it if null. A part that the tier, the persona or the server does not have is
    skipped.
    """

    required: list[ContentPart] = []
    """Parts without which nothing is wanted: if one cannot be had the request is refused, and if one fails
    its scene's job fails, uncharged.
    """

    use_persona_voice: bool = True
    """False asks for a stock voice."""

    voice_policy: VoicePolicy = VoicePolicy.PERSONA_VOICE
    """Whether a stock voice may stand in where the persona has no voice in use."""

    language: str | None = None
    """BCP 47 tag; the persona's language if null."""

    format: SpeechFormat | None = None
    """File format of the reading; what the persona's settings say if null. Where there is a video it is
    WAV.
    """

    emotion: str | None = None
    """As in generateSpeech; what the persona's settings say if null."""

    speed: float | None = None
    """As in generateSpeech; what the persona's settings say if null."""

    pitch: float | None = None
    """As in generateSpeech; what the persona's settings say if null."""

    resolution: Resolution | None = None
    """The short side of the video; what the persona's settings say if null."""

    aspect: Aspect | None = None
    """The shape of the video; what the persona's settings say if null."""

    prompt: str | None = None
    """Clothing, background and style in words, for providers that honour it; what the persona's settings
    say if null.
    """

    captions: CaptionMode = CaptionMode.NONE
    """How a video shows its captions; other than NONE, they are files of the output as well."""

    max_characters: int | None = None
    """The most that may be written to a brief; the platform's own limit holds as well."""


class GenerateSpeechBatchInput(Input):
    """Several scripts to speak as one persona."""

    persona_id: str
    """The persona."""

    items: list[SpeechItemInput]
    """1 to 50 scripts."""

    idempotency_key: str | None = None
    """1 to 255 characters, unique per request. The same key with the same input gives the same job again,
    for ever; with other input a typed error.
    """

    max_price: Decimal | None = None
    """Refuse if it may cost more than this, in USD."""


class GenerateSpeechInput(Input):
    """A script to speak as the persona."""

    persona_id: str
    """The persona."""

    script: str
    """What to say; plain text, at least one word, at most 20,000 characters unless the server is set
    otherwise.
    """

    idempotency_key: str | None = None
    """1 to 255 characters, unique per request. The same key with the same input gives the same job again,
    for ever; with other input a typed error.
    """

    max_price: Decimal | None = None
    """Refuse if it may cost more than this, in USD."""

    platform: Platform | None = None
    """Where it will appear."""

    language: str | None = None
    """BCP 47 tag; what the persona's settings say if null."""

    format: SpeechFormat | None = None
    """File format; what the persona's settings say if null, WAV without any."""

    emotion: str | None = None
    """A word such as neutral, happy or calm, for providers that honour it; what the persona's settings say
    if null.
    """

    speed: float | None = None
    """0.5 to 2; 1 is the voice's own pace. What the persona's settings say if null."""

    pitch: float | None = None
    """-12 to 12 semitones; what the persona's settings say if null."""

    voice_policy: VoicePolicy = VoicePolicy.PERSONA_VOICE
    """Whether a stock voice may stand in."""

    preset: SoundPreset = SoundPreset.NONE
    """A set of effects by name."""

    effects: EffectsInput | None = None
    """Amounts in place of the preset's."""

    music: MusicInput | None = None
    """Background music."""

    captions: bool = False
    """Whether to make captions as well."""

    content_type: ContentType | None = None
    """What it is; what its platform suggests if null."""

    draft: bool = False
    """Make it for nothing, with a provider that bills nothing, in a stock voice if need be: to look at, not
    to publish. promoteOutput makes it for real.
    """

    reuse: bool = True
    """Whether an earlier output of an identical request may be given again, for nothing; false makes it
    anew.
    """


class GenerateVideoInput(Input):
    """A video of the persona speaking: of a script, or of an earlier speech output."""

    persona_id: str
    """The persona."""

    idempotency_key: str | None = None
    """1 to 255 characters, unique per request. The same key with the same input gives the same job again,
    for ever; with other input a typed error.
    """

    max_price: Decimal | None = None
    """Refuse if it may cost more than this, in USD."""

    script: str | None = None
    """What to say; give this or speechOutputId."""

    speech_output_id: str | None = None
    """A ready SpeechOutput or ContentOutput of the persona, whose speech is shown."""

    platform: Platform | None = None
    """Where it will appear."""

    language: str | None = None
    """BCP 47 tag; what the persona's settings say if null."""

    resolution: Resolution | None = None
    """The short side; what the persona's settings say if null, 480 pixels without any."""

    aspect: Aspect | None = None
    """The shape; what the persona's settings say if null, a square without any."""

    prompt: str | None = None
    """Clothing, background and style in words, for providers that honour it; what the persona's settings
    say if null, nothing if empty.
    """

    emotion: str | None = None
    """Of a script: as in generateSpeech."""

    speed: float | None = None
    """Of a script: as in generateSpeech."""

    pitch: float | None = None
    """Of a script: as in generateSpeech."""

    voice_policy: VoicePolicy = VoicePolicy.PERSONA_VOICE
    """Whether a stock voice may stand in."""

    captions: CaptionMode = CaptionMode.NONE
    """How captions are shown; other than NONE, they are files of the output as well."""

    content_type: ContentType | None = None
    """What it is; what its platform suggests if null."""

    draft: bool = False
    """Make it for nothing, with a provider that bills nothing, in a stock voice if need be: to look at, not
    to publish. promoteOutput makes it for real.
    """

    reuse: bool = True
    """Whether an earlier output of an identical request may be given again, for nothing; false makes it
    anew.
    """


class GrantConsentInput(Input):
    """An agreement of the person whose voice or face it is."""

    persona_id: str
    """The persona."""

    scope: ConsentScope
    """What is agreed to."""

    subject: str
    """The name of the person who agrees, 1 to 200 characters."""

    expires_at: datetime | None = None
    """When it ends by itself; null for until withdrawn."""


class ImportPersonaInput(Input):
    """A bundle to make a persona of."""

    asset_id: str
    """An uploaded asset with purpose BUNDLE."""

    name: str | None = None
    """A name in place of the one in the bundle."""

    passphrase: str | None = None
    """What the voice models in it were encrypted with; null leaves them out."""


class MusicInput(Input):
    """Background music, looped or trimmed to the speech: an uploaded asset or a bundled loop."""

    asset_id: str | None = None
    """An uploaded asset with purpose MUSIC; give this or loop."""

    loop: MusicLoop | None = None
    """A bundled loop, made by this project, CC0."""

    licence: str = ""
    """Under which licence you may use the upload, in words or as an SPDX id; needed with assetId."""

    gain_db: float = -12
    """-40 to 0: its loudness against the speech where nobody speaks, in LU."""

    duck_db: float = 10
    """0 to 40: how many dB lower it is where somebody speaks."""

    fade_seconds: float = 1.5
    """0 to 30: how long it fades in and out."""


class OnboardingStepInput(Input):
    """Which step of which persona."""

    persona_id: str
    """The persona."""

    step: OnboardingStep
    """The step."""


class OptOutInput(Input):
    """What the person does not want any more."""

    persona_id: str
    """The persona."""

    part: PersonaPart
    """What to stop using and erase."""


class PeriodInput(Input):
    """From `start` up to, not including, `end`."""

    start: datetime
    """When it begins, with a time zone."""

    end: datetime
    """When it ends, with a time zone."""


class PinPersonaVersionInput(Input):
    """Which version a platform is to keep to."""

    version_id: str
    """The version."""

    platform: Platform
    """The platform."""


class PromoteOutputInput(Input):
    """A draft to make for real."""

    output_id: str
    """A finished draft."""

    idempotency_key: str | None = None
    """1 to 255 characters, unique per request. The same key with the same input gives the same job again,
    for ever; with other input a typed error.
    """

    max_price: Decimal | None = None
    """Refuse if it may cost more than this, in USD."""


class RateOutputInput(Input):
    """An opinion of an output."""

    output_id: str
    """A finished output that is not a draft."""

    stars: int
    """1 to 5."""

    comment: str = ""
    """In words, at most 2,000 characters."""


class RecordEngagementInput(Input):
    """What a platform counted for a published output: totals so far, not what was added."""

    output_id: str
    """A finished output that is not a draft."""

    platform: Platform
    """Where it was published."""

    views: int
    """How often it was seen or heard; 2,147,483,647 stands for that or more."""

    likes: int = 0
    """Likes and other reactions of one click."""

    comments: int = 0
    """Comments and replies."""

    shares: int = 0
    """Shares and reposts."""

    clicks: int = 0
    """Clicks on what it links to."""

    at: datetime | None = None
    """When it was counted; now if null. Of two reports the later one stays, whichever comes first."""


class RemovePronunciationInput(Input):
    """Which entry to remove."""

    entry_id: str
    """The entry."""


class RenameAvatarInput(Input):
    """An avatar's new name."""

    avatar_id: str
    """The avatar."""

    name: str
    """1 to 200 characters."""


class RenameVoiceInput(Input):
    """A voice's new name."""

    voice_id: str
    """The voice."""

    name: str
    """1 to 200 characters."""


class ResolveReviewInput(Input):
    """An operator's word on a job that is NEEDS_REVIEW or QUARANTINED."""

    job_id: str
    """The job, of any account."""

    again: bool
    """True runs it again; false ends it as failed, uncharged."""

    note: str
    """Why, for the record."""

    billed_cost: Decimal | None = None
    """What the vendor turned out to charge for the order whose outcome was unknown, in USD; null if
    nothing.
    """


class RetryJobInput(Input):
    """Which job's wish to repeat."""

    job_id: str
    """A job that FAILED or was CANCELLED."""

    idempotency_key: str | None = None
    """1 to 255 characters, unique per request. The same key with the same input gives the same job again,
    for ever; with other input a typed error.
    """

    max_price: Decimal | None = None
    """Refuse if it may cost more than this, in USD."""


class RevokeServiceTokenInput(Input):
    """Which token to revoke."""

    token_id: str
    """The token."""


class RollbackPersonaInput(Input):
    """Which version to bring back."""

    version_id: str
    """The version."""

    note: str | None = None
    """What to remember of it; at most 200 characters."""


class SceneInput(Input):
    """One scene of a story, one chapter of an episode, or one text of several."""

    title: str = ""
    """Its title."""

    script: str | None = None
    """The text; give this or brief."""

    brief: str | None = None
    """What a text is to be written about, by an installed TEXT provider in the persona's style."""


class SetDriftWatchInput(Input):
    """What watching a voice may cost."""

    voice_id: str
    """The voice."""

    monthly_cap: Decimal | None = None
    """What checks that nobody asked for may take from the account within 30 days, in USD; null: it is only
    checked when asked.
    """


class SetGoldenLinesInput(Input):
    """The sentences a persona's voice is watched by."""

    persona_id: str
    """The persona."""

    lines: list[str] | None = None
    """1 to 10 sentences of at most 300 characters, 800 together; null goes back to those of its language.
    Other lines begin with a new baseline.
    """


class SetPlatformAdaptationInput(Input):
    """What to set for one platform. Null or absent leaves a field as it is; `reset` goes back to what
    follows from the style.
    """

    persona_id: str
    """The persona."""

    platform: Platform
    """The platform."""

    words_low: int | None = None
    """Advised length, from."""

    words_high: int | None = None
    """Advised length, to."""

    hashtags_low: int | None = None
    """Hashtags, from."""

    hashtags_high: int | None = None
    """Hashtags, to."""

    emoji_per1000: float | None = None
    """Emoji in 1,000 words, at most."""

    sentence_words: float | None = None
    """Words of a sentence, on average."""

    longest_sentence: int | None = None
    """Words of the longest sentence."""

    paragraph_sentences: int | None = None
    """Sentences of a paragraph, at most."""

    formality_low: float | None = None
    """Formality from 0 to 100, from."""

    formality_high: float | None = None
    """Formality from 0 to 100, to."""

    tones: list[str] | None = None
    """The tones that fit; at most 50."""

    formatting: list[str] | None = None
    """How it is set out; at most 50 lines."""

    engagement: list[str] | None = None
    """How readers are drawn in; at most 50 lines."""

    devices: list[str] | None = None
    """Which devices serve here; at most 50."""

    links: str | None = None
    """Where links go; at most 200 characters."""

    notes: str | None = None
    """At most 2,000 characters."""

    reset: list[str] = []
    """Fields to go back to what follows from the style; done first."""


class SetPronunciationInput(Input):
    """How a word is said. A word that is there already, for the same language, is said the new way."""

    persona_id: str
    """The persona."""

    written: str
    """The word, or words, as they stand in a script; at most 60 characters."""

    spoken: str | None = None
    """Respelled as it sounds; at most 120 characters. Give this, ipa or both."""

    ipa: str | None = None
    """Its transcription in the International Phonetic Alphabet, with or without slashes; at most 120
    characters.
    """

    language: str | None = None
    """BCP 47 tag of the language it is for; null for any."""

    case_rule: CaseRule = CaseRule.IGNORE
    """Which spellings it is for."""


class SetTierInput(Input):
    """An account's new tier."""

    account_id: str
    """The account."""

    tier: str
    """The tier's id."""

    until: datetime | None = None
    """When it runs out; null for never."""

    then: str | None = None
    """The tier it goes on to then; the cheapest if null."""


class SetVoiceRenewalInput(Input):
    """How much keeping a voice alive may cost."""

    voice_id: str
    """The voice."""

    monthly_cap: Decimal | None = None
    """What renewing its enrolments may cost the operator within 30 days, in USD; null: nothing is renewed.
    """


class SpeechItemInput(Input):
    """One script of a batch, with what generateSpeech takes besides."""

    script: str
    """What to say; as in generateSpeech."""

    platform: Platform | None = None
    """Where it will appear."""

    language: str | None = None
    """BCP 47 tag; what the persona's settings say if null."""

    format: SpeechFormat | None = None
    """File format; what the persona's settings say if null, WAV without any."""

    emotion: str | None = None
    """A word such as neutral, happy or calm, for providers that honour it; what the persona's settings say
    if null.
    """

    speed: float | None = None
    """0.5 to 2; 1 is the voice's own pace. What the persona's settings say if null."""

    pitch: float | None = None
    """-12 to 12 semitones; what the persona's settings say if null."""

    voice_policy: VoicePolicy = VoicePolicy.PERSONA_VOICE
    """Whether a stock voice may stand in."""

    preset: SoundPreset = SoundPreset.NONE
    """A set of effects by name."""

    effects: EffectsInput | None = None
    """Amounts in place of the preset's."""

    music: MusicInput | None = None
    """Background music."""

    captions: bool = False
    """Whether to make captions as well."""

    content_type: ContentType | None = None
    """What it is; what its platform suggests if null."""

    draft: bool = False
    """As in generateSpeech."""

    reuse: bool = True
    """As in generateSpeech."""


class StyleCheckInput(Input):
    """A text to hold against a persona's style."""

    persona_id: str
    """The persona."""

    text: str
    """1 to 100,000 characters."""

    platform: Platform | None = None
    """Also against this platform's limits; null for the style alone."""


class StyleTextInput(Input):
    """A text the person wrote."""

    text: str
    """At most 200,000 characters; at least 20 words."""

    name: str = ""
    """What to call it in evidence and refusals, at most 200 characters."""


class TrainTwinInput(Input):
    """A voice, one more provider for it, and recordings of the same person."""

    voice_id: str
    """A voice that was trained."""

    provider: str
    """The id of the provider where it is to be enrolled too."""

    sample_ids: list[str]
    """1 to 25 uploaded assets with purpose SAMPLE, of the same person: one of 60 to 180 s, or at least 5 of
    1 s or more. They are deleted when the job ends.
    """

    idempotency_key: str | None = None
    """1 to 255 characters, unique per request. The same key with the same input gives the same job again,
    for ever; with other input a typed error.
    """

    max_price: Decimal | None = None
    """Refuse if it may cost more than this, in USD."""


class TrainVoiceInput(Input):
    """Recordings to make a voice of: one of 60 to 180 s, or at least 5 of 1 s or more."""

    persona_id: str
    """The persona."""

    name: str
    """The voice's name, 1 to 200 characters."""

    sample_ids: list[str]
    """1 to 25 uploaded assets with purpose SAMPLE, each for this one training: they are deleted when it
    ends.
    """

    idempotency_key: str | None = None
    """1 to 255 characters, unique per request. The same key with the same input gives the same job again,
    for ever; with other input a typed error.
    """

    max_price: Decimal | None = None
    """Refuse if it may cost more than this, in USD."""

    language: str | None = None
    """BCP 47 tag; the persona's language if null."""

    preview_text: str | None = None
    """What the preview says, at most 300 characters; a greeting if null."""


class TwinInput(Input):
    """Which twin."""

    enrolment_id: str
    """An enrolment of a voice that is a twin."""


class UnpinPersonaVersionInput(Input):
    """Which platform is to go by what is live again."""

    persona_id: str
    """The persona."""

    platform: Platform
    """The platform."""


class UpdatePersonaInput(Input):
    """What to change; null or absent leaves a field as it is."""

    persona_id: str
    """The persona."""

    name: str | None = None
    """1 to 200 characters."""

    archetype: str | None = None
    """At most 200 characters; empty clears it."""

    brand_voice: str | None = None
    """At most 5,000 characters; empty clears it."""

    language: str | None = None
    """BCP 47 tag of the language it speaks."""


class UpdatePersonaSettingsInput(Input):
    """What to set for a persona, everywhere or on one platform. Null or absent leaves a setting as it is;
    `reset` leaves it to the next level again, and is done first.
    """

    persona_id: str
    """The persona."""

    platform: Platform | None = None
    """The platform it is for; null for wherever nothing else is set."""

    emotion: str | None = None
    """A word such as neutral, happy or calm; at most 40 characters."""

    speed: float | None = None
    """0.5 to 2; 1 is the voice's own pace."""

    tone: VoiceTone | None = None
    """How high the voice is held, by name; give this or pitch."""

    pitch: float | None = None
    """How high the voice is held: -12 to 12 semitones."""

    clothing: str | None = None
    """What the face wears; at most 150 characters."""

    background: str | None = None
    """What is behind the face; at most 150 characters."""

    style: str | None = None
    """What the picture is like; at most 150 characters."""

    content_type: ContentType | None = None
    """What an output is."""

    language: str | None = None
    """BCP 47 tag of the language spoken; without a platform, the persona's language."""

    format: SpeechFormat | None = None
    """The file format of speech."""

    resolution: Resolution | None = None
    """The short side of a video."""

    aspect: Aspect | None = None
    """The shape of a video."""

    reset: list[PersonaSetting] = []
    """Settings to leave to the next level again."""


class UpdateWritingStyleInput(Input):
    """What to set over what was measured. Null or absent leaves a field as it is; `reset` goes back to what
    was measured.
    """

    persona_id: str
    """The persona."""

    tone: str | None = None
    """At most 60 characters."""

    register_: str | None = Field(None, alias="register")
    """At most 60 characters."""

    complexity: str | None = None
    """At most 60 characters."""

    engagement: str | None = None
    """At most 60 characters."""

    permitted_tones: list[str] | None = None
    """Tones that may be taken besides."""

    forbidden_tones: list[str] | None = None
    """Tones never to be taken."""

    go_to_words: list[str] | None = None
    """In place of the measured ones; at most 50."""

    go_to_phrases: list[str] | None = None
    """In place of the measured ones; at most 50."""

    avoid_words: list[str] | None = None
    """In place of the measured ones; at most 50."""

    core_belief: str | None = None
    """At most 2,000 characters."""

    notes: str | None = None
    """At most 2,000 characters."""

    figures: list[FigureInput] = []
    """Figures to set; those not named stay."""

    reset: list[str] = []
    """Fields (`tone`, `goToWords`, …) and figures (`sentence_words`, …) to go back to what was measured;
    done first.
    """


class VoiceInput(Input):
    """Which voice."""

    voice_id: str
    """The voice."""


class WebhookInput(Input):
    """Which webhook."""

    webhook_id: str
    """The webhook."""


class WithdrawConsentInput(Input):
    """Which consent to withdraw."""

    consent_id: str
    """The consent."""
