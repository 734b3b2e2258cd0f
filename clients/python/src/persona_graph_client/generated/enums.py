"""The closed sets of words. Generated from schema.graphql by `python -m tools.typed_clients`: edits are lost."""

from __future__ import annotations

from persona_graph_client.words import Word


class AgeHint(Word):
    """What the pitch alone suggests."""

    CHILD = "CHILD"
    """As high as children speak."""

    ADULT = "ADULT"
    """Lower than children speak."""

    UNKNOWN = "UNKNOWN"
    """The evidence is weak."""


class Approval(Word):
    """Whether it may be used: only READY and APPROVED ever reaches content; SUPERSEDED was approved until a
    newer one was; REJECTED never.
    """

    DRAFT = "DRAFT"
    """Not decided; only its preview may be used."""

    APPROVED = "APPROVED"
    """May be used for content."""

    SUPERSEDED = "SUPERSEDED"
    """Was approved until a newer one was; can be activated again."""

    REJECTED = "REJECTED"
    """Turned down."""


class Aspect(Word):
    """The shape of a video, width to height."""

    SQUARE = "SQUARE"
    """1:1."""

    WIDE = "WIDE"
    """16:9."""

    TALL = "TALL"
    """9:16."""


class AssetKind(Word):
    """What sort of bytes a file holds."""

    AUDIO = "AUDIO"
    """Sound."""

    IMAGE = "IMAGE"
    """A picture."""

    VIDEO = "VIDEO"
    """A video."""

    MODEL = "MODEL"
    """A provider's voice model."""

    TEXT = "TEXT"
    """Text or JSON."""

    BUNDLE = "BUNDLE"
    """A persona to take elsewhere."""


class AssetPurpose(Word):
    """What a file is for. The first five are uploaded, a BUNDLE is uploaded or made here, the others are
    made here.
    """

    SAMPLE = "SAMPLE"
    """An uploaded recording for training."""

    PHOTO = "PHOTO"
    """An uploaded portrait."""

    CONSENT_RECORDING = "CONSENT_RECORDING"
    """An uploaded spoken consent."""

    MUSIC = "MUSIC"
    """Uploaded background music."""

    DOCUMENT = "DOCUMENT"
    """The text of an uploaded document."""

    BUNDLE = "BUNDLE"
    """A persona to take elsewhere, signed; erased a day after it was made or uploaded."""

    CLEANED = "CLEANED"
    """A cleaned copy of a sample, kept only while training."""

    VOICE_MODEL = "VOICE_MODEL"
    """What a provider needs to speak with a trained voice."""

    PREVIEW = "PREVIEW"
    """A preview to approve."""

    PORTRAIT = "PORTRAIT"
    """A portrait cut for rendering."""

    SPEECH = "SPEECH"
    """Generated speech."""

    VIDEO = "VIDEO"
    """Generated video."""

    EVENTS = "EVENTS"
    """Timings of generated speech."""

    CAPTIONS = "CAPTIONS"
    """Captions of generated speech."""

    POSTER = "POSTER"
    """A still of a generated video."""

    PART = "PART"
    """A part of a long speech, kept only while it is being made."""


class AssetState(Word):
    """ANNOUNCED and RECEIVING have no bytes yet; REFUSED and ERASED have none any more."""

    ANNOUNCED = "ANNOUNCED"
    """The upload link is open."""

    RECEIVING = "RECEIVING"
    """Bytes are arriving."""

    READY = "READY"
    """Stored and checked."""

    REFUSED = "REFUSED"
    """The file failed its checks; see refusal."""

    ERASED = "ERASED"
    """Deleted; its key is destroyed."""


class AttemptState(Word):
    """SENT is committed before the provider is called; ACCEPTED holds its ticket; UNKNOWN lost the reply
    and may have spent money.
    """

    SENT = "SENT"
    """About to be placed, or placed without an answer yet."""

    ACCEPTED = "ACCEPTED"
    """The provider works on it."""

    DONE = "DONE"
    """Delivered."""

    FAILED = "FAILED"
    """Refused, lost or unusable."""

    UNKNOWN = "UNKNOWN"
    """The answer was lost."""

    CANCELLED = "CANCELLED"
    """Cancelled."""


class AvatarStatus(Word):
    """Where an avatar is: NOT_TRAINED, CREATING, READY or FAILED."""

    NOT_TRAINED = "NOT_TRAINED"
    """Nothing was made yet."""

    CREATING = "CREATING"
    """A job renders its proof clip."""

    READY = "READY"
    """Made; it may be previewed, and used once approved."""

    FAILED = "FAILED"
    """Making it failed; see the job's failure."""

    EXPIRED = "EXPIRED"
    """The vendor dropped it."""


class Capability(Word):
    """A kind of work."""

    VOICE_TRAINING = "VOICE_TRAINING"
    """Make a voice from recordings."""

    SPEECH = "SPEECH"
    """Speak a text."""

    TALKING_VIDEO = "TALKING_VIDEO"
    """Make a portrait speak."""

    TEXT = "TEXT"
    """Write a text."""


class CaptionMode(Word):
    """How a video shows its captions: NONE, TRACK (can be switched on in a player) or BURNED (in the
    picture).
    """

    NONE = "NONE"
    """Not at all."""

    TRACK = "TRACK"
    """As a subtitle track that a player can show."""

    BURNED = "BURNED"
    """In the picture, for Latin, Greek, Cyrillic, Hebrew and Arabic letters."""


class CaseRule(Word):
    """Which spellings of a word a lexicon entry is for."""

    EXACT = "EXACT"
    """Only as it is written here."""

    IGNORE = "IGNORE"
    """In upper and lower case alike."""


class ConformanceGrade(Word):
    """How a provider did in the conformance kit, worked out from its checks: essential ones guard money,
    secrets and the loop of jobs.
    """

    A = "A"
    """Everything that concerns the provider was measured, and passed."""

    B = "B"
    """Nothing failed; something that is not essential was not measured."""

    C = "C"
    """Something failed that is not essential."""

    D = "D"
    """Something essential failed or was not measured: money, secrets or the loop of jobs."""


class ConsentScope(Word):
    """What a person agreed to: VOICE (train and speak) or LIKENESS (show the face)."""

    VOICE = "VOICE"
    """Train a voice and speak with it."""

    LIKENESS = "LIKENESS"
    """Show the face in videos."""


class ContentPart(Word):
    """What content consists of: TEXT as it is published, AUDIO of somebody reading it, VIDEO of somebody
    saying it.
    """

    TEXT = "TEXT"
    """The text as it is published: given, or written to a brief."""

    AUDIO = "AUDIO"
    """Somebody reading it."""

    VIDEO = "VIDEO"
    """The persona's portrait saying it; needs a speech, which is made for it."""


class ContentType(Word):
    """What an output is, as the services that publish it count it."""

    LINKEDIN_POST = "LINKEDIN_POST"
    """A post on LinkedIn."""

    SOCIAL_POST = "SOCIAL_POST"
    """A post on another social network."""

    BLOG_POST = "BLOG_POST"
    """A blog post."""

    ARTICLE = "ARTICLE"
    """An article elsewhere."""

    STORY = "STORY"
    """A story or a scene of one."""

    EMAIL = "EMAIL"
    """An e-mail to somebody."""

    NEWSLETTER = "NEWSLETTER"
    """An issue of a newsletter."""

    PODCAST = "PODCAST"
    """An episode of a podcast."""

    VIDEO_MESSAGE = "VIDEO_MESSAGE"
    """A video for one person or a few."""

    ADVERTISEMENT = "ADVERTISEMENT"
    """An advertisement."""

    LESSON = "LESSON"
    """A lesson or a training video."""

    OTHER = "OTHER"
    """Something else, or nobody said."""


class DeliveryState(Word):
    """PENDING is tried again at its time; DELIVERED was answered with 2xx; FAILED was given up."""

    PENDING = "PENDING"
    """It is tried again when its time comes."""

    DELIVERED = "DELIVERED"
    """It was answered with a status of 200 to 299."""

    FAILED = "FAILED"
    """It was given up."""


class DriftMeasure(Word):
    """What is measured on golden lines."""

    SIMILARITY = "SIMILARITY"
    """Cosine of the speaker embeddings of the rendering and of the voice's recordings."""

    PITCH = "PITCH"
    """Mean fundamental frequency, Hz; its deviation is in semitones."""

    RATE = "RATE"
    """Syllable nuclei per second of speech; its deviation is a share."""

    LOUDNESS = "LOUDNESS"
    """LUFS as the vendor delivered it; its deviation is in LU."""

    SPECTRUM = "SPECTRUM"
    """Levels of six octave bands from 100 Hz to 6.4 kHz; its deviation is their mean difference in dB."""


class EnrolmentState(Word):
    """LIVE can speak; LOST was dropped by the vendor; FORGETTING waits for the vendor to confirm deletion;
    FORGOTTEN is gone.
    """

    LIVE = "LIVE"
    """The vendor's copy can speak."""

    LOST = "LOST"
    """The vendor dropped it, after its time or before."""

    FORGETTING = "FORGETTING"
    """Deleted here; the vendor has not confirmed yet and is asked again."""

    FORGOTTEN = "FORGOTTEN"
    """The vendor confirmed deletion."""


class Equaliser(Word):
    """A tone curve: FLAT, WARM, BRIGHT, CLARITY (speech made easier to follow) or PHONE (300–3400 Hz)."""

    FLAT = "FLAT"
    """As it is."""

    WARM = "WARM"
    """More low, less high."""

    BRIGHT = "BRIGHT"
    """Less low, more high."""

    CLARITY = "CLARITY"
    """Consonants forward, rumble and boom away."""

    PHONE = "PHONE"
    """300 to 3400 Hz."""


class EventKind(Word):
    """What happened. Only STATE events can be terminal."""

    STATE = "STATE"
    """The job's state changed."""

    STAGE = "STAGE"
    """A stage began."""

    PROGRESS = "PROGRESS"
    """Progress within a stage."""

    ROUTE = "ROUTE"
    """The next provider was chosen after one could not."""


class Feature(Word):
    """What an account may be allowed to use."""

    WRITING_STYLE = "WRITING_STYLE"
    """The text persona."""

    TEXT = "TEXT"
    """Text generation."""

    SPEECH = "SPEECH"
    """Speech."""

    OWN_VOICE = "OWN_VOICE"
    """Speech in the own voice."""

    VOICE_TRAINING = "VOICE_TRAINING"
    """Voice training."""

    AVATAR = "AVATAR"
    """Avatar creation."""

    TALKING_VIDEO = "TALKING_VIDEO"
    """Talking video."""


class Fidelity(Word):
    """How near a spoken voice comes to the speaker: CLONE (a vendor's neural copy), APPROXIMATE (pitch,
    pace and timbre fitted; audibly not the person), STOCK (somebody else's voice).
    """

    CLONE = "CLONE"
    """A vendor's neural copy of the speaker."""

    APPROXIMATE = "APPROXIMATE"
    """Pitch, pace and timbre fitted; audibly not the person."""

    STOCK = "STOCK"
    """Somebody else's voice."""


class GenderHint(Word):
    """What the pitch alone suggests."""

    MALE = "MALE"
    """As low as men speak."""

    FEMALE = "FEMALE"
    """As high as women speak."""

    UNKNOWN = "UNKNOWN"
    """The evidence is weak."""


class InsightName(Word):
    """What is measured."""

    VOICE_TRAINING_COMPLETION = "VOICE_TRAINING_COMPLETION"
    """Of the personas on a tier that includes voice and avatar, those with a trained voice."""

    AVATAR_CREATION_COMPLETION = "AVATAR_CREATION_COMPLETION"
    """Of the personas on a tier that includes voice and avatar, those with an avatar."""

    PERSONA_SHARE = "PERSONA_SHARE"
    """Of the finished outputs, those in an own voice or with an own face."""

    VOICE_SATISFACTION = "VOICE_SATISFACTION"
    """Mean stars of speech in an own voice."""

    AVATAR_SATISFACTION = "AVATAR_SATISFACTION"
    """Mean stars of videos with an own face."""

    BRAND_CONSISTENCY = "BRAND_CONSISTENCY"
    """Of the outputs whose voice or wording could be measured, those that sound like the person and are
    worded in their style.
    """

    RETENTION = "RETENTION"
    """Of the personas with own voice or face that made something in the period before, those that did
    again; compared with those without.
    """

    ENGAGEMENT = "ENGAGEMENT"
    """Reactions per view of outputs in an own voice or with an own face; compared with the rest."""

    PREMIUM_CONVERSION = "PREMIUM_CONVERSION"
    """Of the moves to a higher tier, those followed by a trained voice or an avatar within 30 days."""


class InsightUnit(Word):
    """What a figure counts: a share of one, or stars of five."""

    SHARE = "SHARE"
    """A share, 0 to 1."""

    STARS = "STARS"
    """Stars, 1 to 5."""


class JobKind(Word):
    """What a job makes."""

    VOICE_TRAINING = "VOICE_TRAINING"
    """Train a voice and speak its preview."""

    SPEECH = "SPEECH"
    """Speak a script."""

    CONTENT = "CONTENT"
    """Make a piece of content: its text, its audio and its video, as far as each can be made."""

    AVATAR = "AVATAR"
    """Render a portrait's proof clip."""

    VIDEO = "VIDEO"
    """Make a portrait speak a script."""

    VOICE_TWIN = "VOICE_TWIN"
    """Enrol a voice at one more provider and speak a preview there."""

    VOICE_RENEWAL = "VOICE_RENEWAL"
    """Speak a word with a voice that its vendor would drop unused."""

    VOICE_DRIFT = "VOICE_DRIFT"
    """Speak a persona's golden lines, to see whether its voice sounds as it did."""


class JobState(Word):
    """QUEUED waits for a worker; RUNNING is held by one; WAITING means a provider works and nobody holds
    it; CANCELLING was asked to stop; NEEDS_REVIEW may have spent money and cannot find out; QUARANTINED
    killed its worker three times. SUCCEEDED, FAILED and CANCELLED never change.
    """

    QUEUED = "QUEUED"
    """Waits for a worker."""

    RUNNING = "RUNNING"
    """A worker is at it."""

    WAITING = "WAITING"
    """A provider works; nobody holds the job."""

    CANCELLING = "CANCELLING"
    """Asked to stop."""

    NEEDS_REVIEW = "NEEDS_REVIEW"
    """Money may have been spent and the outcome is unknown; an operator decides."""

    QUARANTINED = "QUARANTINED"
    """Three workers died on it; an operator decides."""

    SUCCEEDED = "SUCCEEDED"
    """Done. Final."""

    FAILED = "FAILED"
    """Failed, nothing charged. Final."""

    CANCELLED = "CANCELLED"
    """Cancelled, nothing charged. Final."""


class LegState(Word):
    """One capability within a job: not begun, at work, done, or given up."""

    PENDING = "PENDING"
    """Not begun."""

    RUNNING = "RUNNING"
    """At work."""

    DONE = "DONE"
    """Done."""

    FAILED = "FAILED"
    """Given up."""

    CANCELLED = "CANCELLED"
    """Cancelled."""


class MusicLoop(Word):
    """Bundled music: CALM (slow chords), BRIGHT (plucked arpeggios) or PULSE (a quiet beat)."""

    CALM = "CALM"
    """Slow chords. CC0."""

    BRIGHT = "BRIGHT"
    """Plucked arpeggios. CC0."""

    PULSE = "PULSE"
    """A quiet beat. CC0."""


class NoticeKind(Word):
    """What a persona's owner should know without having asked."""

    VOICE_EXPIRING = "VOICE_EXPIRING"
    """A vendor will drop an enrolment of the voice unless it is used."""

    VOICE_RENEWED = "VOICE_RENEWED"
    """An enrolment was used once, so that the vendor keeps it."""

    VOICE_EXPIRED = "VOICE_EXPIRED"
    """A vendor dropped an unused enrolment."""

    VOICE_LOST = "VOICE_LOST"
    """A vendor says it does not have the voice any more."""

    VOICE_DRIFTED = "VOICE_DRIFTED"
    """Fixed lines do not sound as they did when the voice was approved."""


class OnboardingStep(Word):
    """The steps, in their order."""

    WRITING_STYLE = "WRITING_STYLE"
    """Measure or set how the person writes."""

    VOICE = "VOICE"
    """Train a voice."""

    AVATAR = "AVATAR"
    """Make an avatar of a photo."""

    APPROVE = "APPROVE"
    """Look at the whole and approve it."""


class OnboardingStepState(Word):
    """DONE; NEXT is what to do now; OPEN can be done now as well; BLOCKED says by what; SKIPPED was left
    out.
    """

    DONE = "DONE"
    """It is done."""

    NEXT = "NEXT"
    """It is what to do now."""

    OPEN = "OPEN"
    """It can be done now, though another one comes first."""

    BLOCKED = "BLOCKED"
    """Something stands in the way; see the blockers."""

    SKIPPED = "SKIPPED"
    """It was left out on purpose."""


class PartState(Word):
    """Where a part of content is."""

    GIVEN = "GIVEN"
    """The caller gave it."""

    WAITING = "WAITING"
    """It is to be made."""

    MAKING = "MAKING"
    """It is being made."""

    MADE = "MADE"
    """It is there."""

    FAILED = "FAILED"
    """It could not be made, or was not kept because what was required failed; not charged."""

    CANCELLED = "CANCELLED"
    """It was stopped before it was done; not charged."""

    SKIPPED = "SKIPPED"
    """It could not be asked for; the rest was."""


class PersonaPart(Word):
    """What a person can opt out of."""

    VOICE = "VOICE"
    """All voices, with the consent to them."""

    AVATAR = "AVATAR"
    """All avatars, with the consent to the likeness."""


class PersonaSetting(Word):
    """What can be set."""

    EMOTION = "EMOTION"
    """The emotion a script is spoken with."""

    SPEED = "SPEED"
    """The pace."""

    TONE = "TONE"
    """How high the voice is held, by name."""

    PITCH = "PITCH"
    """How high the voice is held, in semitones."""

    CLOTHING = "CLOTHING"
    """What the face wears."""

    BACKGROUND = "BACKGROUND"
    """What is behind the face."""

    STYLE = "STYLE"
    """What the picture is like."""

    CONTENT_TYPE = "CONTENT_TYPE"
    """What an output is."""

    LANGUAGE = "LANGUAGE"
    """The language spoken."""

    FORMAT = "FORMAT"
    """The file format of speech."""

    RESOLUTION = "RESOLUTION"
    """The short side of a video."""

    ASPECT = "ASPECT"
    """The shape of a video."""


class PitchClass(Word):
    """How high a voice lies."""

    LOW = "LOW"
    """Below 140 Hz."""

    MEDIUM = "MEDIUM"
    """140 to 195 Hz."""

    HIGH = "HIGH"
    """Above 195 Hz."""

    UNKNOWN = "UNKNOWN"
    """Too little speech to tell."""


class Platform(Word):
    """Where an output will appear."""

    LINKEDIN = "LINKEDIN"
    """LinkedIn."""

    FACEBOOK = "FACEBOOK"
    """Facebook."""

    BLOG = "BLOG"
    """A blog post."""

    X = "X"
    """X (Twitter)."""

    INSTAGRAM = "INSTAGRAM"
    """Instagram."""

    YOUTUBE = "YOUTUBE"
    """YouTube."""

    MEDIUM = "MEDIUM"
    """Medium."""

    SUBSTACK = "SUBSTACK"
    """Substack."""

    EMAIL = "EMAIL"
    """An e-mail."""

    STORY = "STORY"
    """A story scene."""

    PODCAST = "PODCAST"
    """A podcast episode."""


class ProgressSource(Word):
    """How a progress value was obtained: REPORTED by the provider, MEASURED by us, ESTIMATED from time and
    length, or UNKNOWN.
    """

    REPORTED = "REPORTED"
    """The provider said so."""

    MEASURED = "MEASURED"
    """Counted here."""

    ESTIMATED = "ESTIMATED"
    """Computed from time and length."""

    UNKNOWN = "UNKNOWN"
    """Nobody knows; the fraction is the last known one."""


class PronunciationOutcome(Word):
    """What became of a pronunciation."""

    BY_PROVIDER = "BY_PROVIDER"
    """The provider took it as a pronunciation."""

    RESPELLED = "RESPELLED"
    """The provider was given the spoken form in place of the word; captions and timings keep the word."""

    NOT_EXPRESSED = "NOT_EXPRESSED"
    """It was said as it is written."""


class QualityBand(Word):
    """What a score means."""

    EXCELLENT = "EXCELLENT"
    """90 to 100: excellent for all uses."""

    VERY_GOOD = "VERY_GOOD"
    """80 to 89: very good for most uses."""

    GOOD = "GOOD"
    """70 to 79: good for basic synthesis."""

    RECORD_MORE = "RECORD_MORE"
    """Below 70: record more samples."""


class QualityPart(Word):
    """What the score is made of."""

    CONSISTENCY = "CONSISTENCY"
    """Do the recordings sound like one person."""

    SAMPLE_QUALITY = "SAMPLE_QUALITY"
    """How clear they are."""

    DURATION = "DURATION"
    """Is there enough speech."""

    VARIETY = "VARIETY"
    """How much the speech varies."""


class Resolution(Word):
    """The short side of a video."""

    P480 = "P480"
    """480 pixels."""

    P720 = "P720"
    """720 pixels."""


class SettingOutcome(Word):
    """Who followed a setting."""

    BY_PROVIDER = "BY_PROVIDER"
    """The provider followed it."""

    DONE_HERE = "DONE_HERE"
    """The provider does not know it; it was done on this server."""

    NOT_HONOURED = "NOT_HONOURED"
    """It had no effect."""


class SettingSource(Word):
    """Where a value comes from, the strongest first."""

    CALL = "CALL"
    """The request said so."""

    PLATFORM = "PLATFORM"
    """The persona's override for the platform."""

    PERSONA = "PERSONA"
    """The persona's own setting."""

    DEFAULT = "DEFAULT"
    """What the server does anyway."""


class SoundPreset(Word):
    """A set of effect amounts by name; amounts that are given beside it win."""

    NONE = "NONE"
    """The speech as it is, at its platform's loudness."""

    PODCAST = "PODCAST"
    """Compressed, evened out, clear."""

    NARRATION = "NARRATION"
    """Evened out, warm, a little room."""

    PHONE = "PHONE"
    """Through a telephone."""

    HALL = "HALL"
    """In a large room."""


class SpeakerMatch(Word):
    """Who speaks, as far as the cosine of two embeddings tells."""

    SAME = "SAME"
    """The same person."""

    UNSURE = "UNSURE"
    """Too close to call."""

    OTHER = "OTHER"
    """Somebody else."""


class SpeechFormat(Word):
    """The file format of generated speech."""

    WAV = "WAV"
    """PCM WAV, 16 bit."""

    MP3 = "MP3"
    """MP3."""

    OGG = "OGG"
    """Opus in Ogg."""


class Standing(Word):
    """FIRST is what the voice was trained as; a TWIN was made at another vendor and only speaks once it is
    ACCEPTED.
    """

    FIRST = "FIRST"
    """What the voice was trained as."""

    TWIN = "TWIN"
    """Made at another provider; it does not speak until it is accepted."""

    ACCEPTED = "ACCEPTED"
    """A twin that stands in when the first one cannot speak."""


class StyleArea(Word):
    """What a figure is about."""

    SENTENCES = "SENTENCES"
    """How sentences are built."""

    VOCABULARY = "VOCABULARY"
    """Which words are taken."""

    ADDRESS = "ADDRESS"
    """Who is spoken to and of."""

    PUNCTUATION = "PUNCTUATION"
    """Which marks are set."""

    FORMATTING = "FORMATTING"
    """How text is set out."""

    READABILITY = "READABILITY"
    """How hard it is to read."""

    SUMMARY = "SUMMARY"
    """Several figures in one."""


class TimingSource(Word):
    """MEASURED in the audio, REPORTED by the engine that spoke, or ESTIMATED from the text."""

    MEASURED = "MEASURED"
    """Measured in the audio."""

    REPORTED = "REPORTED"
    """Reported by the engine that spoke."""

    ESTIMATED = "ESTIMATED"
    """Estimated from the text and the pauses."""


class TokenScope(Word):
    """What a token may do: READ looks; WRITE creates, trains, generates and deletes; OPERATE sets tiers and
    resolves reviews. None includes another.
    """

    READ = "READ"
    """Look."""

    WRITE = "WRITE"
    """Create, train, generate, approve and delete."""

    OPERATE = "OPERATE"
    """Set tiers and resolve reviews."""


class TrainingStatus(Word):
    """Where a voice is: NOT_TRAINED, TRAINING, READY, FAILED, or EXPIRED when the vendor dropped it."""

    NOT_TRAINED = "NOT_TRAINED"
    """Nothing was trained yet."""

    TRAINING = "TRAINING"
    """A job is training it."""

    READY = "READY"
    """Trained; it may be previewed, and used once approved."""

    FAILED = "FAILED"
    """Training failed; see the job's failure."""

    EXPIRED = "EXPIRED"
    """The vendor dropped the unused voice."""


class UploadPurpose(Word):
    """What an upload is for; it decides which checks the file must pass."""

    SAMPLE = "SAMPLE"
    """A recording to train a voice on: WAV, MP3, FLAC, OGG, M4A or WebM with speech in it."""

    PHOTO = "PHOTO"
    """A portrait to make an avatar of: PNG, JPEG or WebP with one face."""

    MUSIC = "MUSIC"
    """Background music: WAV, MP3, FLAC, OGG, M4A or WebM."""

    DOCUMENT = "DOCUMENT"
    """A text to measure a writing style on: plain text, Markdown, HTML, DOCX or PDF; its text alone is
    kept.
    """

    BUNDLE = "BUNDLE"
    """A persona as exportPersona wrote it."""


class UsageDimension(Word):
    """By what usage is split."""

    PERSONA = "PERSONA"
    """By persona; the key is its id."""

    KIND = "KIND"
    """By kind of job, such as SPEECH or VOICE_TRAINING."""

    PLATFORM = "PLATFORM"
    """By platform; the key is null where none was named, and for trainings and avatars."""

    CONTENT_TYPE = "CONTENT_TYPE"
    """By content type; the key is null for trainings and avatars."""

    SERVICE = "SERVICE"
    """By the service or user that asked."""

    PROVIDER = "PROVIDER"
    """By the provider that did the work; the key is null for what was reused. An output that several worked
    on counts at each.
    """

    VOICE = "VOICE"
    """By voice; the key is its id, null for stock voices."""

    AVATAR = "AVATAR"
    """By avatar; the key is its id, null where no face is shown."""


class VoicePolicy(Word):
    """PERSONA_VOICE speaks only with the persona's own approved voice; ALLOW_STOCK_VOICE lets a provider's
    stock voice stand in where there is none.
    """

    PERSONA_VOICE = "PERSONA_VOICE"
    """Only the persona's own approved voice."""

    ALLOW_STOCK_VOICE = "ALLOW_STOCK_VOICE"
    """A provider's stock voice may stand in where there is no own voice."""


class VoiceTone(Word):
    """How high a voice is held. No provider has a setting of that name: it is a pitch, in semitones."""

    DEEP = "DEEP"
    """3 semitones lower."""

    WARM = "WARM"
    """1.5 semitones lower."""

    NATURAL = "NATURAL"
    """The voice's own pitch."""

    BRIGHT = "BRIGHT"
    """1.5 semitones higher."""

    LIGHT = "LIGHT"
    """3 semitones higher."""


class WebhookEvent(Word):
    """What an endpoint can be told of."""

    JOB_SUCCEEDED = "JOB_SUCCEEDED"
    """A job ended well."""

    JOB_FAILED = "JOB_FAILED"
    """A job failed; nothing was charged."""

    JOB_CANCELLED = "JOB_CANCELLED"
    """A job was cancelled."""

    JOB_NEEDS_REVIEW = "JOB_NEEDS_REVIEW"
    """A job may have spent money and waits for an operator."""

    VOICE_EXPIRING = "VOICE_EXPIRING"
    """A vendor will drop an enrolment of a voice unless it is used."""

    VOICE_RENEWED = "VOICE_RENEWED"
    """An enrolment was used once, so that the vendor keeps it."""

    VOICE_EXPIRED = "VOICE_EXPIRED"
    """A vendor dropped an unused enrolment."""

    VOICE_LOST = "VOICE_LOST"
    """A vendor says it does not have a voice any more."""

    VOICE_DRIFTED = "VOICE_DRIFTED"
    """Fixed lines do not sound as they did when the voice was approved."""

    TEST = "TEST"
    """Asked for with testWebhook."""
