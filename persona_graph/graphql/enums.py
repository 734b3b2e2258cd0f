"""Closed sets of the domain, as GraphQL enums with every value described."""

from __future__ import annotations

from enum import StrEnum

from persona_graph.accounts.viewer import Scope
from persona_graph.catalog.tiers import Feature
from persona_graph.graphql.describe import closed_set
from persona_graph.jobs.events import EventKind
from persona_graph.jobs.states import JobKind, JobState
from persona_graph.jobs.tables import AttemptState, LegState, ProgressSource
from persona_graph.jobs.webhooks import DeliveryState, WebhookEvent
from persona_graph.media.assets import AssetKind, AssetPurpose, AssetState
from persona_graph.personas.characteristics import AgeHint, GenderHint, PitchClass
from persona_graph.personas.content_parts import PartState
from persona_graph.personas.content_wishes import ContentPart
from persona_graph.personas.quality import Band, Part
from persona_graph.personas.quality_speaker import Speaker
from persona_graph.personas.tables import (
    Approval,
    AvatarStatus,
    ConsentScope,
    ContentType,
    EnrolmentState,
    NoticeKind,
    Platform,
    Standing,
    TrainingStatus,
    VoicePolicy,
)
from persona_graph.provider import Capability, Fidelity
from persona_graph.provider.report import Grade
from persona_graph.style.figures import Area


class UploadPurpose(StrEnum):
    """What an upload is for; it decides which checks the file must pass."""

    SAMPLE = "SAMPLE"
    PHOTO = "PHOTO"
    MUSIC = "MUSIC"
    DOCUMENT = "DOCUMENT"
    BUNDLE = "BUNDLE"


class SpeechFormat(StrEnum):
    """The file format of generated speech."""

    WAV = "wav"
    MP3 = "mp3"
    OGG = "ogg"


class Resolution(StrEnum):
    """The short side of a video."""

    P480 = "480p"
    P720 = "720p"


class Aspect(StrEnum):
    """The shape of a video, width to height."""

    SQUARE = "1:1"
    WIDE = "16:9"
    TALL = "9:16"


closed_set(
    UploadPurpose,
    {
        "SAMPLE": "A recording to train a voice on: WAV, MP3, FLAC, OGG, M4A or WebM with speech in it.",
        "PHOTO": "A portrait to make an avatar of: PNG, JPEG or WebP with one face.",
        "MUSIC": "Background music: WAV, MP3, FLAC, OGG, M4A or WebM.",
        "DOCUMENT": "A text to measure a writing style on: plain text, Markdown, HTML, DOCX or PDF; its text alone is kept.",
        "BUNDLE": "A persona as exportPersona wrote it.",
    },
)
closed_set(SpeechFormat, {"WAV": "PCM WAV, 16 bit.", "MP3": "MP3.", "OGG": "Opus in Ogg."})
closed_set(Resolution, {"P480": "480 pixels.", "P720": "720 pixels."})
closed_set(Aspect, {"SQUARE": "1:1.", "WIDE": "16:9.", "TALL": "9:16."})
closed_set(
    TrainingStatus,
    {
        "NOT_TRAINED": "Nothing was trained yet.",
        "TRAINING": "A job is training it.",
        "READY": "Trained; it may be previewed, and used once approved.",
        "FAILED": "Training failed; see the job's failure.",
        "EXPIRED": "The vendor dropped the unused voice.",
    },
)
closed_set(
    AvatarStatus,
    {
        "NOT_TRAINED": "Nothing was made yet.",
        "CREATING": "A job renders its proof clip.",
        "READY": "Made; it may be previewed, and used once approved.",
        "FAILED": "Making it failed; see the job's failure.",
        "EXPIRED": "The vendor dropped it.",
    },
)
closed_set(
    Approval,
    {
        "DRAFT": "Not decided; only its preview may be used.",
        "APPROVED": "May be used for content.",
        "SUPERSEDED": "Was approved until a newer one was; can be activated again.",
        "REJECTED": "Turned down.",
    },
)
closed_set(
    ConsentScope,
    {"VOICE": "Train a voice and speak with it.", "LIKENESS": "Show the face in videos."},
)
closed_set(
    EnrolmentState,
    {
        "LIVE": "The vendor's copy can speak.",
        "LOST": "The vendor dropped it, after its time or before.",
        "FORGETTING": "Deleted here; the vendor has not confirmed yet and is asked again.",
        "FORGOTTEN": "The vendor confirmed deletion.",
    },
)
closed_set(
    Standing,
    {
        "FIRST": "What the voice was trained as.",
        "TWIN": "Made at another provider; it does not speak until it is accepted.",
        "ACCEPTED": "A twin that stands in when the first one cannot speak.",
    },
)
closed_set(
    NoticeKind,
    {
        "VOICE_EXPIRING": "A vendor will drop an enrolment of the voice unless it is used.",
        "VOICE_RENEWED": "An enrolment was used once, so that the vendor keeps it.",
        "VOICE_EXPIRED": "A vendor dropped an unused enrolment.",
        "VOICE_LOST": "A vendor says it does not have the voice any more.",
        "VOICE_DRIFTED": "Fixed lines do not sound as they did when the voice was approved.",
    },
)
closed_set(
    Platform,
    {
        "LINKEDIN": "LinkedIn.",
        "FACEBOOK": "Facebook.",
        "BLOG": "A blog post.",
        "X": "X (Twitter).",
        "INSTAGRAM": "Instagram.",
        "YOUTUBE": "YouTube.",
        "MEDIUM": "Medium.",
        "SUBSTACK": "Substack.",
        "EMAIL": "An e-mail.",
        "STORY": "A story scene.",
        "PODCAST": "A podcast episode.",
    },
)
closed_set(
    ContentType,
    {
        "LINKEDIN_POST": "A post on LinkedIn.",
        "SOCIAL_POST": "A post on another social network.",
        "BLOG_POST": "A blog post.",
        "ARTICLE": "An article elsewhere.",
        "STORY": "A story or a scene of one.",
        "EMAIL": "An e-mail to somebody.",
        "NEWSLETTER": "An issue of a newsletter.",
        "PODCAST": "An episode of a podcast.",
        "VIDEO_MESSAGE": "A video for one person or a few.",
        "ADVERTISEMENT": "An advertisement.",
        "LESSON": "A lesson or a training video.",
        "OTHER": "Something else, or nobody said.",
    },
)
closed_set(
    VoicePolicy,
    {
        "PERSONA_VOICE": "Only the persona's own approved voice.",
        "ALLOW_STOCK_VOICE": "A provider's stock voice may stand in where there is no own voice.",
    },
)
closed_set(
    ContentPart,
    {
        "TEXT": "The text as it is published: given, or written to a brief.",
        "AUDIO": "Somebody reading it.",
        "VIDEO": "The persona's portrait saying it; needs a speech, which is made for it.",
    },
)
closed_set(
    PartState,
    {
        "GIVEN": "The caller gave it.",
        "WAITING": "It is to be made.",
        "MAKING": "It is being made.",
        "MADE": "It is there.",
        "FAILED": "It could not be made, or was not kept because what was required failed; not charged.",
        "CANCELLED": "It was stopped before it was done; not charged.",
        "SKIPPED": "It could not be asked for; the rest was.",
    },
)
closed_set(
    JobKind,
    {
        "VOICE_TRAINING": "Train a voice and speak its preview.",
        "SPEECH": "Speak a script.",
        "AVATAR": "Render a portrait's proof clip.",
        "VIDEO": "Make a portrait speak a script.",
        "CONTENT": "Make a piece of content: its text, its audio and its video, as far as each can be made.",
        "VOICE_TWIN": "Enrol a voice at one more provider and speak a preview there.",
        "VOICE_RENEWAL": "Speak a word with a voice that its vendor would drop unused.",
        "VOICE_DRIFT": "Speak a persona's golden lines, to see whether its voice sounds as it did.",
    },
)
closed_set(
    JobState,
    {
        "QUEUED": "Waits for a worker.",
        "RUNNING": "A worker is at it.",
        "WAITING": "A provider works; nobody holds the job.",
        "CANCELLING": "Asked to stop.",
        "NEEDS_REVIEW": "Money may have been spent and the outcome is unknown; an operator decides.",
        "QUARANTINED": "Three workers died on it; an operator decides.",
        "SUCCEEDED": "Done. Final.",
        "FAILED": "Failed, nothing charged. Final.",
        "CANCELLED": "Cancelled, nothing charged. Final.",
    },
)
closed_set(
    LegState,
    {
        "PENDING": "Not begun.",
        "RUNNING": "At work.",
        "DONE": "Done.",
        "FAILED": "Given up.",
        "CANCELLED": "Cancelled.",
    },
)
closed_set(
    AttemptState,
    {
        "SENT": "About to be placed, or placed without an answer yet.",
        "ACCEPTED": "The provider works on it.",
        "DONE": "Delivered.",
        "FAILED": "Refused, lost or unusable.",
        "UNKNOWN": "The answer was lost.",
        "CANCELLED": "Cancelled.",
    },
)
closed_set(
    ProgressSource,
    {
        "REPORTED": "The provider said so.",
        "MEASURED": "Counted here.",
        "ESTIMATED": "Computed from time and length.",
        "UNKNOWN": "Nobody knows; the fraction is the last known one.",
    },
)
closed_set(
    EventKind,
    {
        "STATE": "The job's state changed.",
        "STAGE": "A stage began.",
        "PROGRESS": "Progress within a stage.",
        "ROUTE": "The next provider was chosen after one could not.",
    },
)
closed_set(
    AssetKind,
    {
        "AUDIO": "Sound.",
        "IMAGE": "A picture.",
        "VIDEO": "A video.",
        "MODEL": "A provider's voice model.",
        "TEXT": "Text or JSON.",
        "BUNDLE": "A persona to take elsewhere.",
    },
)
closed_set(
    AssetPurpose,
    {
        "SAMPLE": "An uploaded recording for training.",
        "PHOTO": "An uploaded portrait.",
        "CONSENT_RECORDING": "An uploaded spoken consent.",
        "MUSIC": "Uploaded background music.",
        "DOCUMENT": "The text of an uploaded document.",
        "BUNDLE": "A persona to take elsewhere, signed; erased a day after it was made or uploaded.",
        "CLEANED": "A cleaned copy of a sample, kept only while training.",
        "VOICE_MODEL": "What a provider needs to speak with a trained voice.",
        "PREVIEW": "A preview to approve.",
        "PORTRAIT": "A portrait cut for rendering.",
        "SPEECH": "Generated speech.",
        "VIDEO": "Generated video.",
        "EVENTS": "Timings of generated speech.",
        "CAPTIONS": "Captions of generated speech.",
        "POSTER": "A still of a generated video.",
        "PART": "A part of a long speech, kept only while it is being made.",
    },
)
closed_set(
    AssetState,
    {
        "ANNOUNCED": "The upload link is open.",
        "RECEIVING": "Bytes are arriving.",
        "READY": "Stored and checked.",
        "REFUSED": "The file failed its checks; see refusal.",
        "ERASED": "Deleted; its key is destroyed.",
    },
)
closed_set(
    Capability,
    {
        "VOICE_TRAINING": "Make a voice from recordings.",
        "SPEECH": "Speak a text.",
        "TALKING_VIDEO": "Make a portrait speak.",
        "TEXT": "Write a text.",
    },
)
closed_set(
    Fidelity,
    {
        "CLONE": "A vendor's neural copy of the speaker.",
        "APPROXIMATE": "Pitch, pace and timbre fitted; audibly not the person.",
        "STOCK": "Somebody else's voice.",
    },
)
closed_set(
    Grade,
    {
        "A": "Everything that concerns the provider was measured, and passed.",
        "B": "Nothing failed; something that is not essential was not measured.",
        "C": "Something failed that is not essential.",
        "D": "Something essential failed or was not measured: money, secrets or the loop of jobs.",
    },
    name="ConformanceGrade",
)
closed_set(
    Scope,
    {
        "READ": "Look.",
        "WRITE": "Create, train, generate, approve and delete.",
        "OPERATE": "Set tiers and resolve reviews.",
    },
    name="TokenScope",
)
closed_set(
    Feature,
    {
        "WRITING_STYLE": "The text persona.",
        "TEXT": "Text generation.",
        "SPEECH": "Speech.",
        "OWN_VOICE": "Speech in the own voice.",
        "VOICE_TRAINING": "Voice training.",
        "AVATAR": "Avatar creation.",
        "TALKING_VIDEO": "Talking video.",
    },
)
closed_set(
    Band,
    {
        "EXCELLENT": "90 to 100: excellent for all uses.",
        "VERY_GOOD": "80 to 89: very good for most uses.",
        "GOOD": "70 to 79: good for basic synthesis.",
        "RECORD_MORE": "Below 70: record more samples.",
    },
    name="QualityBand",
)
closed_set(
    Part,
    {
        "CONSISTENCY": "Do the recordings sound like one person.",
        "SAMPLE_QUALITY": "How clear they are.",
        "DURATION": "Is there enough speech.",
        "VARIETY": "How much the speech varies.",
    },
    name="QualityPart",
)
closed_set(
    PitchClass,
    {
        "LOW": "Below 140 Hz.",
        "MEDIUM": "140 to 195 Hz.",
        "HIGH": "Above 195 Hz.",
        "UNKNOWN": "Too little speech to tell.",
    },
)
closed_set(
    GenderHint,
    {"MALE": "As low as men speak.", "FEMALE": "As high as women speak.", "UNKNOWN": "The evidence is weak."},
)
closed_set(
    AgeHint,
    {
        "CHILD": "As high as children speak.",
        "ADULT": "Lower than children speak.",
        "UNKNOWN": "The evidence is weak.",
    },
)
closed_set(
    Speaker,
    {"SAME": "The same person.", "UNSURE": "Too close to call.", "OTHER": "Somebody else."},
    name="SpeakerMatch",
)
closed_set(
    Area,
    {
        "SENTENCES": "How sentences are built.",
        "VOCABULARY": "Which words are taken.",
        "ADDRESS": "Who is spoken to and of.",
        "PUNCTUATION": "Which marks are set.",
        "FORMATTING": "How text is set out.",
        "READABILITY": "How hard it is to read.",
        "SUMMARY": "Several figures in one.",
    },
    name="StyleArea",
)
closed_set(
    WebhookEvent,
    {
        "JOB_SUCCEEDED": "A job ended well.",
        "JOB_FAILED": "A job failed; nothing was charged.",
        "JOB_CANCELLED": "A job was cancelled.",
        "JOB_NEEDS_REVIEW": "A job may have spent money and waits for an operator.",
        "VOICE_EXPIRING": "A vendor will drop an enrolment of a voice unless it is used.",
        "VOICE_RENEWED": "An enrolment was used once, so that the vendor keeps it.",
        "VOICE_EXPIRED": "A vendor dropped an unused enrolment.",
        "VOICE_LOST": "A vendor says it does not have a voice any more.",
        "VOICE_DRIFTED": "Fixed lines do not sound as they did when the voice was approved.",
        "TEST": "Asked for with testWebhook.",
    },
)
closed_set(
    DeliveryState,
    {
        "PENDING": "It is tried again when its time comes.",
        "DELIVERED": "It was answered with a status of 200 to 299.",
        "FAILED": "It was given up.",
    },
)
