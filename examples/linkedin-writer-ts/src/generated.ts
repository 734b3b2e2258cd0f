// Generated from schema.graphql and documents.graphql by `python -m tools.typed_clients`: edits are lost.

/** A document with what it answers, found under `path`, and what it is given. */
export class Operation<Answer, Variables> {
  declare readonly types: [Answer, Variables];
  constructor(
    readonly name: string,
    readonly path: readonly string[],
    readonly text: string,
  ) {}
}

/** The shape of a video, width to height. */
export type Aspect = "SQUARE" | "WIDE" | "TALL";

/** How a video shows its captions: NONE, TRACK (can be switched on in a player) or BURNED (in the picture). */
export type CaptionMode = "NONE" | "TRACK" | "BURNED";

/** What a person agreed to: VOICE (train and speak) or LIKENESS (show the face). */
export type ConsentScope = "VOICE" | "LIKENESS";

/** What content consists of: TEXT as it is published, AUDIO of somebody reading it, VIDEO of somebody saying it. */
export type ContentPart = "TEXT" | "AUDIO" | "VIDEO";

/** What an output is, as the services that publish it count it. */
export type ContentType = "LINKEDIN_POST" | "SOCIAL_POST" | "BLOG_POST" | "ARTICLE" | "STORY" | "EMAIL" | "NEWSLETTER" | "PODCAST" | "VIDEO_MESSAGE" | "ADVERTISEMENT" | "LESSON" | "OTHER";

/** QUEUED waits for a worker; RUNNING is held by one; WAITING means a provider works and nobody holds it; CANCELLING was asked to stop; NEEDS_REVIEW may have spent money and cannot find out; QUARANTINED killed its worker three times. SUCCEEDED, FAILED and CANCELLED never change. */
export type JobState = "QUEUED" | "RUNNING" | "WAITING" | "CANCELLING" | "NEEDS_REVIEW" | "QUARANTINED" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** Where an output will appear. */
export type Platform = "LINKEDIN" | "FACEBOOK" | "BLOG" | "X" | "INSTAGRAM" | "YOUTUBE" | "MEDIUM" | "SUBSTACK" | "EMAIL" | "STORY" | "PODCAST";

/** The short side of a video. */
export type Resolution = "P480" | "P720";

/** The file format of generated speech. */
export type SpeechFormat = "WAV" | "MP3" | "OGG";

/** What an upload is for; it decides which checks the file must pass. */
export type UploadPurpose = "SAMPLE" | "PHOTO" | "MUSIC" | "DOCUMENT" | "BUNDLE";

/** PERSONA_VOICE speaks only with the persona's own approved voice; ALLOW_STOCK_VOICE lets a provider's stock voice stand in where there is none. */
export type VoicePolicy = "PERSONA_VOICE" | "ALLOW_STOCK_VOICE";

/** A new persona. */
export interface CreatePersonaInput {
  /** 1 to 200 characters. */
  name: string;
  /** At most 200 characters. */
  archetype?: string | null;
  /** At most 5,000 characters. */
  brandVoice?: string | null;
  /** BCP 47 tag of the language it speaks. */
  language?: string;
}

/** What is going to be uploaded. */
export interface CreateUploadInput {
  /** What it is for. */
  purpose: UploadPurpose;
  /** Its name, for people; never used as a path. */
  fileName: string;
  /** The media type claimed; the bytes decide. */
  contentType: string;
  /** Exact number of bytes; more or fewer are refused. */
  size: number;
}

/** A text to publish, read and show as the persona. Give one of script, brief and scenes. */
export interface GenerateContentInput {
  /** 1 to 255 characters, unique per request. The same key with the same input gives the same job again, for ever; with other input a typed error. */
  idempotencyKey?: string | null;
  /** Answer price, cost range, route and refusals; write nothing. */
  dryRun?: boolean;
  /** Refuse if it may cost more than this, in USD. */
  maxPrice?: string | null;
  /** The persona. */
  personaId: string;
  /** What it is; it decides how it is read out and which platform is meant. */
  contentType: ContentType;
  /** Where it will appear; what its type suggests if null. */
  platform?: Platform | null;
  /** The title or subject. A blog post's or an episode's is read out first. */
  title?: string;
  /** The text as it is published; Markdown, links, hashtags and emoji are not read out. A story or podcast is cut into scenes at its headings and marks. */
  script?: string | null;
  /** What the text is to be written about, by an installed TEXT provider in the persona's style; without such a provider it is refused. */
  brief?: string | null;
  /** 1 to 50 scenes in place of script and brief; each becomes an output with a job of its own. */
  scenes?: SceneInput[] | null;
  /** What is wanted; all of it if null. A part that the tier, the persona or the server does not have is skipped. */
  parts?: ContentPart[] | null;
  /** Parts without which nothing is wanted: if one cannot be had the request is refused, and if one fails its scene's job fails, uncharged. */
  required?: ContentPart[];
  /** False asks for a stock voice. */
  usePersonaVoice?: boolean;
  /** Whether a stock voice may stand in where the persona has no voice in use. */
  voicePolicy?: VoicePolicy;
  /** BCP 47 tag; the persona's language if null. */
  language?: string | null;
  /** File format of the reading; what the persona's settings say if null. Where there is a video it is WAV. */
  format?: SpeechFormat | null;
  /** As in generateSpeech; what the persona's settings say if null. */
  emotion?: string | null;
  /** As in generateSpeech; what the persona's settings say if null. */
  speed?: number | null;
  /** As in generateSpeech; what the persona's settings say if null. */
  pitch?: number | null;
  /** The short side of the video; what the persona's settings say if null. */
  resolution?: Resolution | null;
  /** The shape of the video; what the persona's settings say if null. */
  aspect?: Aspect | null;
  /** Clothing, background and style in words, for providers that honour it; what the persona's settings say if null. */
  prompt?: string | null;
  /** How a video shows its captions; other than NONE, they are files of the output as well. */
  captions?: CaptionMode;
  /** The most that may be written to a brief; the platform's own limit holds as well. */
  maxCharacters?: number | null;
}

/** An agreement of the person whose voice or face it is. */
export interface GrantConsentInput {
  /** The persona. */
  personaId: string;
  /** What is agreed to. */
  scope: ConsentScope;
  /** The name of the person who agrees, 1 to 200 characters. */
  subject: string;
  /** When it ends by itself; null for until withdrawn. */
  expiresAt?: string | null;
}

/** One scene of a story, one chapter of an episode, or one text of several. */
export interface SceneInput {
  /** Its title. */
  title?: string;
  /** The text; give this or brief. */
  script?: string | null;
  /** What a text is to be written about, by an installed TEXT provider in the persona's style. */
  brief?: string | null;
}

/** Recordings to make a voice of: one of 60 to 180 s, or at least 5 of 1 s or more. */
export interface TrainVoiceInput {
  /** 1 to 255 characters, unique per request. The same key with the same input gives the same job again, for ever; with other input a typed error. */
  idempotencyKey?: string | null;
  /** Answer price, cost range, route and refusals; write nothing. */
  dryRun?: boolean;
  /** Refuse if it may cost more than this, in USD. */
  maxPrice?: string | null;
  /** The persona. */
  personaId: string;
  /** The voice's name, 1 to 200 characters. */
  name: string;
  /** 1 to 25 uploaded assets with purpose SAMPLE, each for this one training: they are deleted when it ends. */
  sampleIds: string[];
  /** BCP 47 tag; the persona's language if null. */
  language?: string | null;
  /** What the preview says, at most 300 characters; a greeting if null. */
  previewText?: string | null;
}

/** Which voice. */
export interface VoiceInput {
  /** The voice. */
  voiceId: string;
}

/** A portrait the persona appears as. */
export interface Avatar {
  /** Opaque id. */
  id: string;
}

/** An agreement of the person whose voice or face it is. */
export interface Consent {
  /** What was agreed to. */
  scope: ConsentScope;
  /** Whether it holds now: neither withdrawn nor expired. */
  live: boolean;
}

/** The consent, or why nothing was changed. */
export interface ConsentPayload {
  /** The consent. */
  consent?: Consent | null;
  /** Why nothing was done; empty on success. */
  errors: Problem[];
}

/** One stored file, encrypted at rest. */
export interface File {
  /** Opaque id. */
  id: string;
  /** The name it was uploaded under; text only, never a path. */
  fileName: string;
  /** Measured length of audio or video, in seconds. */
  seconds?: number | null;
  /** A short-lived link to the bytes, with Range; null unless READY. It needs no token: whoever has it can read the file until it expires. */
  url?: string | null;
}

/** The content with its jobs at once, or why there is none. */
export interface GenerateContentPayload {
  /** The first scene's job; null on a dry run. */
  job?: Job | null;
  /** The first scene's output; null on a dry run. */
  output?: Output | null;
  /** What all scenes come to. */
  quote?: Quote | null;
  /** Why nothing was done; empty on success. */
  errors: Problem[];
}

/** Work in progress or done: durable, resumable, cancellable. */
export interface Job {
  /** Opaque id. */
  id: string;
  /** Where it is. */
  state: JobState;
}

/** Something that happened to a job, and the job as it was then. */
export interface JobEvent {
  /** Pass it as `after` to continue behind this event. */
  cursor: string;
  /** The job's state then. */
  state: JobState;
  /** The stage then. */
  stage: string;
  /** Whether it is the job's last event. */
  terminal: boolean;
  /** How far it was. */
  progress: Progress;
  /** Set on the event that failed it. */
  failure?: JobFailure | null;
}

/** Why a job, or a leg of one, failed. Nothing was charged for it. */
export interface JobFailure {
  /** Stable word; all are listed in docs/errors.md. */
  code: string;
  /** For people. */
  message: string;
  /** What to do about it. */
  fix?: string | null;
}

/** One writer's persona: how they sound and how they look. */
export interface Made {
  /** Opaque id. */
  id: string;
}

/** An exact amount. */
export interface Money {
  /** Decimal string, for example "0.0200". */
  amount: string;
  /** ISO 4217 code; always USD today. */
  currency: string;
}

/** A text with its reading and its video, as far as they were asked for and could be made. `script` is what is spoken of it; its asset is the video, else the reading. */
export interface Output {
  /** Opaque id. */
  id: string;
  /** The text as it is published, given or written; null until it is written. */
  text?: string | null;
  /** The reading; null until it is made, or if it was not. */
  speech?: File | null;
  /** The video; null until it is made, or if it was not. */
  video?: File | null;
  /** What the account paid; null until it is ready. */
  price?: Money | null;
}

/** Where a page ends. */
export interface PageInfo {
  /** Whether more follow. */
  hasNextPage: boolean;
  /** Pass it as `after` to get the next page. */
  endCursor?: string | null;
}

/** One writer's persona: how they sound and how they look. */
export interface Persona {
  /** Opaque id. */
  id: string;
  /** Its name. */
  name: string;
  /** The voice content is spoken with: the approved one; null if there is none. */
  voice?: Voice | null;
  /** The face content is shown with: the approved one; null if there is none. */
  avatar?: Avatar | null;
  /** All consents, withdrawn ones too, newest first. */
  consents: Consent[];
}

/** A page of a list that grows. */
export interface PersonaConnection {
  /** The items alone. */
  nodes: Persona[];
  /** Where the page ends. */
  pageInfo: PageInfo;
}

/** The changed persona, or why nothing was changed. */
export interface PersonaPayload {
  /** The persona. */
  persona?: Made | null;
  /** Why nothing was done; empty on success. */
  errors: Problem[];
}

/** Something the caller can put right. Nothing was changed and nothing is charged. */
export interface Problem {
  /** Stable word; all are listed in docs/errors.md. */
  code: string;
  /** What is wrong, for people. */
  message: string;
  /** The input field it is about, outermost first; empty if it is about the whole request. */
  path: string[];
  /** What to do about it. */
  fix?: string | null;
}

/** How far a job is. */
export interface Progress {
  /** 0 to 1 over the whole job; null if never known. */
  fraction?: number | null;
}

/** What a request comes to. The price is settled by the measured length, never above the ceiling. */
export interface Quote {
  /** Likely price for the account. */
  price: Money;
}

/** The draft voice and its job at once, or why there is none. */
export interface TrainVoicePayload {
  /** The draft voice; null on a dry run. */
  voice?: Voice | null;
  /** Follow it with jobEvents; null on a dry run. */
  job?: Job | null;
  /** Why nothing was done; empty on success. */
  errors: Problem[];
}

/** Permission to put a file's bytes: PUT them, raw, to `url` before it expires. The answer is 201 with the checked asset, or 4xx with the reason. */
export interface Upload {
  /** Where to PUT the bytes. It needs no token. */
  url: string;
  /** PUT. */
  method: string;
}

/** Where to put the bytes, or why not. */
export interface UploadPayload {
  /** The asset they will become; refer to it by its id. */
  asset?: File | null;
  /** Where to put them. */
  upload?: Upload | null;
  /** Why nothing was done; empty on success. */
  errors: Problem[];
}

/** A trained voice of a persona. */
export interface Voice {
  /** Opaque id. */
  id: string;
}

/** The changed voice, or why nothing was changed. */
export interface VoicePayload {
  /** The voice. */
  voice?: Voice | null;
  /** Why nothing was done; empty on success. */
  errors: Problem[];
}

/** Put a voice to use. */
export const approveVoice = new Operation<VoicePayload, { input: VoiceInput }>(
  "approveVoice",
  ["approveVoice"],
  `mutation approveVoice($input: VoiceInput!) {
  approveVoice(input: $input) {
    voice {
      id
    }
    errors {
      ...Problem
    }
  }
}

fragment Problem on UserError {
  code
  message
  path
  fix
}`,
);

/** Make a persona. */
export const createPersona = new Operation<PersonaPayload, { input: CreatePersonaInput }>(
  "createPersona",
  ["createPersona"],
  `mutation createPersona($input: CreatePersonaInput!) {
  createPersona(input: $input) {
    persona {
      ...Made
    }
    errors {
      ...Problem
    }
  }
}

fragment Made on Persona {
  id
}

fragment Problem on UserError {
  code
  message
  path
  fix
}`,
);

/** Get permission to upload a file. */
export const createUpload = new Operation<UploadPayload, { input: CreateUploadInput }>(
  "createUpload",
  ["createUpload"],
  `mutation createUpload($input: CreateUploadInput!) {
  createUpload(input: $input) {
    asset {
      ...File
    }
    upload {
      url
      method
    }
    errors {
      ...Problem
    }
  }
}

fragment File on Asset {
  id
  fileName
  seconds
  url
}

fragment Problem on UserError {
  code
  message
  path
  fix
}`,
);

/** Have content made, or only priced. */
export const generateContent = new Operation<GenerateContentPayload, { input: GenerateContentInput }>(
  "generateContent",
  ["generateContent"],
  `mutation generateContent($input: GenerateContentInput!) {
  generateContent(input: $input) {
    job {
      ...Job
    }
    output {
      ...Output
    }
    quote {
      price {
        ...Money
      }
    }
    errors {
      ...Problem
    }
  }
}

fragment Job on Job {
  id
  state
}

fragment Output on ContentOutput {
  id
  text
  speech {
    ...File
  }
  video {
    ...File
  }
  price {
    ...Money
  }
}

fragment Problem on UserError {
  code
  message
  path
  fix
}

fragment Money on Money {
  amount
  currency
}

fragment File on Asset {
  id
  fileName
  seconds
  url
}`,
);

/** Record an agreement. */
export const grantConsent = new Operation<ConsentPayload, { input: GrantConsentInput }>(
  "grantConsent",
  ["grantConsent"],
  `mutation grantConsent($input: GrantConsentInput!) {
  grantConsent(input: $input) {
    consent {
      scope
      live
    }
    errors {
      ...Problem
    }
  }
}

fragment Problem on UserError {
  code
  message
  path
  fix
}`,
);

/** What happens to a job: stored events behind the cursor first, then live ones, up to the terminal one. */
export const jobEvents = new Operation<JobEvent, { jobId: string; after?: string | null }>(
  "jobEvents",
  ["jobEvents"],
  `subscription jobEvents($jobId: ID!, $after: String) {
  jobEvents(jobId: $jobId, after: $after) {
    cursor
    state
    stage
    terminal
    progress {
      fraction
    }
    failure {
      code
      message
      fix
    }
  }
}`,
);

/** One output; null if there is none of that id. */
export const output = new Operation<Output | null, { id: string }>(
  "output",
  ["node"],
  `query output($id: ID!) {
  node(id: $id) {
    ...Output
  }
}

fragment Output on ContentOutput {
  id
  text
  speech {
    ...File
  }
  video {
    ...File
  }
  price {
    ...Money
  }
}

fragment File on Asset {
  id
  fileName
  seconds
  url
}

fragment Money on Money {
  amount
  currency
}`,
);

/** The account's personas, newest first. */
export const personas = new Operation<PersonaConnection, { after?: string | null }>(
  "personas",
  ["viewer", "personas"],
  `query personas($after: String) {
  viewer {
    personas(first: 20, after: $after) {
      nodes {
        id
        name
        voice {
          id
        }
        avatar {
          id
        }
        consents {
          scope
          live
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}`,
);

/** Train a voice. */
export const trainVoice = new Operation<TrainVoicePayload, { input: TrainVoiceInput }>(
  "trainVoice",
  ["trainVoice"],
  `mutation trainVoice($input: TrainVoiceInput!) {
  trainVoice(input: $input) {
    voice {
      id
    }
    job {
      ...Job
    }
    errors {
      ...Problem
    }
  }
}

fragment Job on Job {
  id
  state
}

fragment Problem on UserError {
  code
  message
  path
  fix
}`,
);
