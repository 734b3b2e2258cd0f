"""The texts that are sent. Generated from schema.graphql by `python -m tools.typed_clients`: edits are lost."""

from __future__ import annotations

FRAGMENTS = {
    "Account": """\
fragment Account on Account {
  id
  name
  tier {
    ...Tier
  }
  tierUntil
}""",
    "Asset": """\
fragment Asset on Asset {
  id
  kind
  purpose
  state
  fileName
  contentType
  size
  seconds
  width
  height
  url
  urlExpiresAt
  refusal {
    ...MediaRefusal
  }
}""",
    "Avatar": """\
fragment Avatar on Avatar {
  id
  name
  status
  approval
  createdAt
  readyAt
  portrait {
    ...Asset
  }
  preview {
    ...Asset
  }
}""",
    "Captions": """\
fragment Captions on Captions {
  source
  vtt {
    ...Asset
  }
  srt {
    ...Asset
  }
}""",
    "Consent": """\
fragment Consent on Consent {
  id
  scope
  subject
  statement
  grantedAt
  expiresAt
  withdrawnAt
  live
}""",
    "Content": """\
fragment Content on Content {
  id
  title
  contentType
  platform
  askedBy
  createdAt
}""",
    "ContentPartFact": """\
fragment ContentPartFact on ContentPartFact {
  part
  state
  code
  message
  fix
}""",
    "ContentScene": """\
fragment ContentScene on ContentScene {
  index
  title
  output {
    ...OutputRow
  }
  job {
    ...Job
  }
  quote {
    ...Quote
  }
  skipped {
    ...SkippedPart
  }
}""",
    "Engagement": """\
fragment Engagement on Engagement {
  platform
  views
  likes
  comments
  shares
  clicks
  reportedBy
  at
}""",
    "Job": """\
fragment Job on Job {
  id
  kind
  state
  stage
  message
  progress {
    ...Progress
  }
  failure {
    ...JobFailure
  }
  askedBy
  createdAt
  endedAt
  quote {
    ...Quote
  }
  settled {
    ...Money
  }
  queuePlace
}""",
    "JobEvent": """\
fragment JobEvent on JobEvent {
  cursor
  sequence
  kind
  at
  terminal
  jobId
  jobKind
  state
  stage
  message
  progress {
    ...Progress
  }
  leg
  provider
  failure {
    ...JobFailure
  }
}""",
    "JobFailure": """\
fragment JobFailure on JobFailure {
  code
  message
  fix
}""",
    "JobRow": """\
fragment JobRow on Job {
  id
  kind
  state
  stage
  askedBy
  createdAt
  endedAt
}""",
    "LexiconEntry": """\
fragment LexiconEntry on LexiconEntry {
  id
  written
  spoken
  ipa
  language
  caseRule
  updatedAt
}""",
    "MediaRefusal": """\
fragment MediaRefusal on MediaRefusal {
  code
  message
  fix
}""",
    "Money": """\
fragment Money on Money {
  amount
  currency
}""",
    "Output": """\
fragment Output on Output {
  __typename
  id
  script
  platform
  contentType
  askedBy
  draft
  reused
  served {
    ...Served
  }
  similarity
  styleScore
  price {
    ...Money
  }
  cost {
    ...Money
  }
  createdAt
  readyAt
  asset {
    ...Asset
  }
  job {
    ...Job
  }
  rating
  ... on SpeechOutput {
    captions {
      ...Captions
    }
  }
  ... on VideoOutput {
    speech {
      ...Asset
    }
    poster {
      ...Asset
    }
    captions {
      ...Captions
    }
  }
  ... on ContentOutput {
    title
    text
    scene
    parts {
      ...ContentPartFact
    }
    speech {
      ...Asset
    }
    video {
      ...Asset
    }
    poster {
      ...Asset
    }
    captions {
      ...Captions
    }
  }
}""",
    "OutputRow": """\
fragment OutputRow on Output {
  __typename
  id
  script
  platform
  contentType
  draft
  reused
  price {
    ...Money
  }
  createdAt
  readyAt
  rating
}""",
    "PageInfo": """\
fragment PageInfo on PageInfo {
  hasNextPage
  endCursor
}""",
    "Persona": """\
fragment Persona on Persona {
  id
  name
  archetype
  brandVoice
  language
  createdAt
  updatedAt
  writingStyle {
    ...WritingStyle
  }
  voice {
    ...Voice
  }
  avatar {
    ...Avatar
  }
  consents {
    ...Consent
  }
}""",
    "PersonaOrigin": """\
fragment PersonaOrigin on PersonaOrigin {
  key
  exportedAt
  importedAt
  unusable
}""",
    "PersonaRow": """\
fragment PersonaRow on Persona {
  id
  name
  archetype
  language
  createdAt
  updatedAt
}""",
    "PersonaVersion": """\
fragment PersonaVersion on PersonaVersion {
  id
  number
  note
  approvedBy
  at
  erased
  rolledBackTo
}""",
    "PhotoReport": """\
fragment PhotoReport on PhotoReport {
  width
  height
  sharpness
  brightness
  contrast
  clipped
  noise
  tiltDegrees
  eyeSymmetry
}""",
    "PlatformAdaptation": """\
fragment PlatformAdaptation on PlatformAdaptation {
  platform
  characterLimit
  wordsLow
  wordsHigh
  hashtagsLow
  hashtagsHigh
  emojiPer1000
  sentenceWords
  longestSentence
  paragraphSentences
  formalityLow
  formalityHigh
  tones
  formatting
  engagement
  devices
  links
  notes
  edited
}""",
    "Problem": """\
fragment Problem on UserError {
  __typename
  code
  message
  path
  fix
  ... on WrongStateError {
    state
  }
  ... on TierError {
    tier
    requiredTier
  }
  ... on ConsentError {
    scope
  }
  ... on MediaError {
    assetId
  }
  ... on SourceError {
    source
  }
  ... on SpendError {
    needed {
      ...Money
    }
    left {
      ...Money
    }
  }
  ... on NoProviderError {
    refusals
  }
  ... on QuotaError {
    limit
  }
}""",
    "Progress": """\
fragment Progress on Progress {
  fraction
  source
}""",
    "Quote": """\
fragment Quote on Quote {
  price {
    ...Money
  }
  priceCeiling {
    ...Money
  }
}""",
    "Rating": """\
fragment Rating on Rating {
  stars
  comment
  ratedBy
  at
}""",
    "SampleAssessment": """\
fragment SampleAssessment on SampleAssessment {
  assetId
  fileName
  accepted
  hints
}""",
    "Served": """\
fragment Served on Served {
  leg
  capability
  provider
  offer
  fidelity
  honoured
}""",
    "ServiceToken": """\
fragment ServiceToken on ServiceToken {
  id
  label
  scopes
  createdAt
  lastUsedAt
  expiresAt
  revokedAt
}""",
    "SkippedPart": """\
fragment SkippedPart on SkippedPart {
  scene
  part
  code
  message
  fix
}""",
    "SpeechBatchItem": """\
fragment SpeechBatchItem on SpeechBatchItem {
  output {
    ...Output
  }
  job {
    ...Job
  }
  quote {
    ...Quote
  }
  errors {
    ...Problem
  }
}""",
    "StyleCheck": """\
fragment StyleCheck on StyleCheck {
  score
  reliable
  words
  text
  findings {
    ...StyleFinding
  }
}""",
    "StyleFinding": """\
fragment StyleFinding on StyleFinding {
  rule
  severity
  message
  suggestion
  start
  end
  quote
}""",
    "Tier": """\
fragment Tier on Tier {
  id
  name
  monthlyCap {
    ...Money
  }
}""",
    "Upload": """\
fragment Upload on Upload {
  url
  method
  expiresAt
  maxBytes
}""",
    "Voice": """\
fragment Voice on Voice {
  id
  name
  language
  status
  approval
  fidelity
  similarity
  createdAt
  trainedAt
  expiresAt
  preview {
    ...Asset
  }
}""",
    "VoiceCharacteristics": """\
fragment VoiceCharacteristics on VoiceCharacteristics {
  pitch
  pitchHz
  gender
  genderConfidence
  age
  ageConfidence
}""",
    "VoiceQuality": """\
fragment VoiceQuality on VoiceQuality {
  score
  band
  consistency
  sampleQuality
  duration
  variety
  speechSeconds
  distinctSeconds
}""",
    "Webhook": """\
fragment Webhook on Webhook {
  id
  url
  events
  createdAt
  rotatedAt
  disabledAt
  disabledWhy
}""",
    "WebhookDelivery": """\
fragment WebhookDelivery on WebhookDelivery {
  id
  messageId
  event
  body
  state
  tries
  nextAt
  status
  answer
  createdAt
  endedAt
}""",
    "WritingStyle": """\
fragment WritingStyle on WritingStyle {
  language
  words
  texts
  confidence
  completeness
  summary
  edited
  updatedAt
}""",
}

OPERATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "acceptTwin": (
        """\
mutation acceptTwin($input: TwinInput!) {
  acceptTwin(input: $input) {
    voice {
      ...Voice
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Voice", "Problem", "Asset", "Money", "MediaRefusal"),
    ),
    "activateAvatar": (
        """\
mutation activateAvatar($input: AvatarInput!) {
  activateAvatar(input: $input) {
    avatar {
      ...Avatar
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Avatar", "Problem", "Asset", "Money", "MediaRefusal"),
    ),
    "activateVoice": (
        """\
mutation activateVoice($input: VoiceInput!) {
  activateVoice(input: $input) {
    voice {
      ...Voice
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Voice", "Problem", "Asset", "Money", "MediaRefusal"),
    ),
    "analyzeWritingStyle": (
        """\
mutation analyzeWritingStyle($input: AnalyzeWritingStyleInput!) {
  analyzeWritingStyle(input: $input) {
    writingStyle {
      ...WritingStyle
    }
    errors {
      ...Problem
    }
  }
}""",
        ("WritingStyle", "Problem", "Money"),
    ),
    "approveAvatar": (
        """\
mutation approveAvatar($input: AvatarInput!) {
  approveAvatar(input: $input) {
    avatar {
      ...Avatar
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Avatar", "Problem", "Asset", "Money", "MediaRefusal"),
    ),
    "approvePersona": (
        """\
mutation approvePersona($input: ApprovePersonaInput!) {
  approvePersona(input: $input) {
    persona {
      ...Persona
    }
    version {
      ...PersonaVersion
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Persona",
            "PersonaVersion",
            "Problem",
            "WritingStyle",
            "Voice",
            "Avatar",
            "Consent",
            "Money",
            "Asset",
            "MediaRefusal",
        ),
    ),
    "approveVoice": (
        """\
mutation approveVoice($input: VoiceInput!) {
  approveVoice(input: $input) {
    voice {
      ...Voice
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Voice", "Problem", "Asset", "Money", "MediaRefusal"),
    ),
    "assessPhoto": (
        """\
mutation assessPhoto($input: AssessPhotoInput!) {
  assessPhoto(input: $input) {
    accepted
    refusal {
      ...MediaRefusal
    }
    report {
      ...PhotoReport
    }
    preview {
      ...Asset
    }
    errors {
      ...Problem
    }
  }
}""",
        ("MediaRefusal", "PhotoReport", "Asset", "Problem", "Money"),
    ),
    "assessSamples": (
        """\
mutation assessSamples($input: AssessSamplesInput!) {
  assessSamples(input: $input) {
    samples {
      ...SampleAssessment
    }
    qualifies
    quality {
      ...VoiceQuality
    }
    characteristics {
      ...VoiceCharacteristics
    }
    errors {
      ...Problem
    }
  }
}""",
        ("SampleAssessment", "VoiceQuality", "VoiceCharacteristics", "Problem", "Money"),
    ),
    "avatar": (
        """\
query avatar($id: ID!) {
  node(id: $id) {
    ...Avatar
  }
}""",
        ("Avatar", "Asset", "MediaRefusal"),
    ),
    "cancelJob": (
        """\
mutation cancelJob($input: CancelJobInput!) {
  cancelJob(input: $input) {
    job {
      ...Job
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Job", "Problem", "Progress", "JobFailure", "Quote", "Money"),
    ),
    "checkDrift": (
        """\
mutation checkDrift($input: CheckDriftInput!) {
  checkDrift(input: $input) {
    voice {
      ...Voice
    }
    job {
      ...Job
    }
    quote {
      ...Quote
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Voice", "Job", "Quote", "Problem", "Asset", "Progress", "JobFailure", "Money", "MediaRefusal"),
    ),
    "createAvatar": (
        """\
mutation createAvatar($input: CreateAvatarInput!) {
  createAvatar(input: $input) {
    avatar {
      ...Avatar
    }
    job {
      ...Job
    }
    quote {
      ...Quote
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Avatar", "Job", "Quote", "Problem", "Asset", "Progress", "JobFailure", "Money", "MediaRefusal"),
    ),
    "createPersona": (
        """\
mutation createPersona($input: CreatePersonaInput!) {
  createPersona(input: $input) {
    persona {
      ...Persona
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Persona",
            "Problem",
            "WritingStyle",
            "Voice",
            "Avatar",
            "Consent",
            "Money",
            "Asset",
            "MediaRefusal",
        ),
    ),
    "createServiceToken": (
        """\
mutation createServiceToken($input: CreateServiceTokenInput!) {
  createServiceToken(input: $input) {
    token {
      ...ServiceToken
    }
    secret
    errors {
      ...Problem
    }
  }
}""",
        ("ServiceToken", "Problem", "Money"),
    ),
    "createUpload": (
        """\
mutation createUpload($input: CreateUploadInput!) {
  createUpload(input: $input) {
    asset {
      ...Asset
    }
    upload {
      ...Upload
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Asset", "Upload", "Problem", "MediaRefusal", "Money"),
    ),
    "createWebhook": (
        """\
mutation createWebhook($input: CreateWebhookInput!) {
  createWebhook(input: $input) {
    webhook {
      ...Webhook
    }
    secret
    errors {
      ...Problem
    }
  }
}""",
        ("Webhook", "Problem", "Money"),
    ),
    "deleteAvatar": (
        """\
mutation deleteAvatar($input: AvatarInput!) {
  deleteAvatar(input: $input) {
    deletedId
    pending
    errors {
      ...Problem
    }
  }
}""",
        ("Problem", "Money"),
    ),
    "deleteOutput": (
        """\
mutation deleteOutput($input: DeleteOutputInput!) {
  deleteOutput(input: $input) {
    deletedId
    pending
    errors {
      ...Problem
    }
  }
}""",
        ("Problem", "Money"),
    ),
    "deletePersona": (
        """\
mutation deletePersona($input: DeletePersonaInput!) {
  deletePersona(input: $input) {
    deletedId
    pending
    errors {
      ...Problem
    }
  }
}""",
        ("Problem", "Money"),
    ),
    "deleteTwin": (
        """\
mutation deleteTwin($input: TwinInput!) {
  deleteTwin(input: $input) {
    voice {
      ...Voice
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Voice", "Problem", "Asset", "Money", "MediaRefusal"),
    ),
    "deleteUpload": (
        """\
mutation deleteUpload($input: DeleteUploadInput!) {
  deleteUpload(input: $input) {
    deletedId
    pending
    errors {
      ...Problem
    }
  }
}""",
        ("Problem", "Money"),
    ),
    "deleteVoice": (
        """\
mutation deleteVoice($input: VoiceInput!) {
  deleteVoice(input: $input) {
    deletedId
    pending
    errors {
      ...Problem
    }
  }
}""",
        ("Problem", "Money"),
    ),
    "deleteWebhook": (
        """\
mutation deleteWebhook($input: WebhookInput!) {
  deleteWebhook(input: $input) {
    webhook {
      ...Webhook
    }
    secret
    errors {
      ...Problem
    }
  }
}""",
        ("Webhook", "Problem", "Money"),
    ),
    "enableWebhook": (
        """\
mutation enableWebhook($input: WebhookInput!) {
  enableWebhook(input: $input) {
    webhook {
      ...Webhook
    }
    secret
    errors {
      ...Problem
    }
  }
}""",
        ("Webhook", "Problem", "Money"),
    ),
    "exportPersona": (
        """\
mutation exportPersona($input: ExportPersonaInput!) {
  exportPersona(input: $input) {
    asset {
      ...Asset
    }
    key
    leftOut
    errors {
      ...Problem
    }
  }
}""",
        ("Asset", "Problem", "MediaRefusal", "Money"),
    ),
    "generateContent": (
        """\
mutation generateContent($input: GenerateContentInput!) {
  generateContent(input: $input) {
    content {
      ...Content
    }
    scenes {
      ...ContentScene
    }
    output {
      ...Output
    }
    job {
      ...Job
    }
    quote {
      ...Quote
    }
    skipped {
      ...SkippedPart
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Content",
            "ContentScene",
            "Output",
            "Job",
            "Quote",
            "SkippedPart",
            "Problem",
            "OutputRow",
            "Served",
            "Money",
            "Asset",
            "Progress",
            "JobFailure",
            "Captions",
            "ContentPartFact",
            "MediaRefusal",
        ),
    ),
    "generateSpeech": (
        """\
mutation generateSpeech($input: GenerateSpeechInput!) {
  generateSpeech(input: $input) {
    output {
      ...Output
    }
    job {
      ...Job
    }
    quote {
      ...Quote
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Output",
            "Job",
            "Quote",
            "Problem",
            "Served",
            "Money",
            "Asset",
            "Progress",
            "JobFailure",
            "Captions",
            "ContentPartFact",
            "MediaRefusal",
        ),
    ),
    "generateSpeechBatch": (
        """\
mutation generateSpeechBatch($input: GenerateSpeechBatchInput!) {
  generateSpeechBatch(input: $input) {
    items {
      ...SpeechBatchItem
    }
    quote {
      ...Quote
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "SpeechBatchItem",
            "Quote",
            "Problem",
            "Output",
            "Job",
            "Money",
            "Served",
            "Asset",
            "Progress",
            "JobFailure",
            "Captions",
            "ContentPartFact",
            "MediaRefusal",
        ),
    ),
    "generateVideo": (
        """\
mutation generateVideo($input: GenerateVideoInput!) {
  generateVideo(input: $input) {
    output {
      ...Output
    }
    job {
      ...Job
    }
    quote {
      ...Quote
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Output",
            "Job",
            "Quote",
            "Problem",
            "Served",
            "Money",
            "Asset",
            "Progress",
            "JobFailure",
            "Captions",
            "ContentPartFact",
            "MediaRefusal",
        ),
    ),
    "grantConsent": (
        """\
mutation grantConsent($input: GrantConsentInput!) {
  grantConsent(input: $input) {
    consent {
      ...Consent
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Consent", "Problem", "Money"),
    ),
    "importPersona": (
        """\
mutation importPersona($input: ImportPersonaInput!) {
  importPersona(input: $input) {
    persona {
      ...Persona
    }
    origin {
      ...PersonaOrigin
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Persona",
            "PersonaOrigin",
            "Problem",
            "WritingStyle",
            "Voice",
            "Avatar",
            "Consent",
            "Money",
            "Asset",
            "MediaRefusal",
        ),
    ),
    "job": (
        """\
query job($id: ID!) {
  job(id: $id) {
    ...Job
  }
}""",
        ("Job", "Progress", "JobFailure", "Quote", "Money"),
    ),
    "jobEvents": (
        """\
subscription jobEvents($jobId: ID!, $after: String) {
  jobEvents(jobId: $jobId, after: $after) {
    ...JobEvent
  }
}""",
        ("JobEvent", "Progress", "JobFailure"),
    ),
    "jobs": (
        """\
query jobs($state: JobState, $first: Int, $after: String) {
  viewer {
    jobs(state: $state, first: $first, after: $after) {
      nodes {
        ...JobRow
      }
      pageInfo {
        ...PageInfo
      }
    }
  }
}""",
        ("JobRow", "PageInfo"),
    ),
    "optOut": (
        """\
mutation optOut($input: OptOutInput!) {
  optOut(input: $input) {
    persona {
      ...Persona
    }
    pending
    errors {
      ...Problem
    }
  }
}""",
        (
            "Persona",
            "Problem",
            "WritingStyle",
            "Voice",
            "Avatar",
            "Consent",
            "Money",
            "Asset",
            "MediaRefusal",
        ),
    ),
    "output": (
        """\
query output($id: ID!) {
  node(id: $id) {
    ...Output
  }
}""",
        (
            "Output",
            "Served",
            "Money",
            "Asset",
            "Job",
            "Captions",
            "ContentPartFact",
            "MediaRefusal",
            "Progress",
            "JobFailure",
            "Quote",
        ),
    ),
    "outputs": (
        """\
query outputs($personaId: ID!, $platform: Platform, $first: Int, $after: String) {
  persona(id: $personaId) {
    outputs(platform: $platform, first: $first, after: $after) {
      nodes {
        ...OutputRow
      }
      pageInfo {
        ...PageInfo
      }
    }
  }
}""",
        ("OutputRow", "PageInfo", "Money"),
    ),
    "persona": (
        """\
query persona($id: ID!) {
  persona(id: $id) {
    ...Persona
  }
}""",
        ("Persona", "WritingStyle", "Voice", "Avatar", "Consent", "Asset", "MediaRefusal"),
    ),
    "personaEvents": (
        """\
subscription personaEvents($personaId: ID!, $after: String) {
  personaEvents(personaId: $personaId, after: $after) {
    ...JobEvent
  }
}""",
        ("JobEvent", "Progress", "JobFailure"),
    ),
    "personas": (
        """\
query personas($first: Int, $after: String) {
  viewer {
    personas(first: $first, after: $after) {
      nodes {
        ...PersonaRow
      }
      pageInfo {
        ...PageInfo
      }
    }
  }
}""",
        ("PersonaRow", "PageInfo"),
    ),
    "pinPersonaVersion": (
        """\
mutation pinPersonaVersion($input: PinPersonaVersionInput!) {
  pinPersonaVersion(input: $input) {
    persona {
      ...Persona
    }
    version {
      ...PersonaVersion
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Persona",
            "PersonaVersion",
            "Problem",
            "WritingStyle",
            "Voice",
            "Avatar",
            "Consent",
            "Money",
            "Asset",
            "MediaRefusal",
        ),
    ),
    "promoteOutput": (
        """\
mutation promoteOutput($input: PromoteOutputInput!) {
  promoteOutput(input: $input) {
    output {
      ...Output
    }
    job {
      ...Job
    }
    quote {
      ...Quote
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Output",
            "Job",
            "Quote",
            "Problem",
            "Served",
            "Money",
            "Asset",
            "Progress",
            "JobFailure",
            "Captions",
            "ContentPartFact",
            "MediaRefusal",
        ),
    ),
    "rateOutput": (
        """\
mutation rateOutput($input: RateOutputInput!) {
  rateOutput(input: $input) {
    output {
      ...Output
    }
    rating {
      ...Rating
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Output",
            "Rating",
            "Problem",
            "Served",
            "Money",
            "Asset",
            "Job",
            "Captions",
            "ContentPartFact",
            "MediaRefusal",
            "Progress",
            "JobFailure",
            "Quote",
        ),
    ),
    "recordEngagement": (
        """\
mutation recordEngagement($input: RecordEngagementInput!) {
  recordEngagement(input: $input) {
    output {
      ...Output
    }
    engagement {
      ...Engagement
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Output",
            "Engagement",
            "Problem",
            "Served",
            "Money",
            "Asset",
            "Job",
            "Captions",
            "ContentPartFact",
            "MediaRefusal",
            "Progress",
            "JobFailure",
            "Quote",
        ),
    ),
    "redeliverWebhook": (
        """\
mutation redeliverWebhook($input: DeliveryInput!) {
  redeliverWebhook(input: $input) {
    delivery {
      ...WebhookDelivery
    }
    errors {
      ...Problem
    }
  }
}""",
        ("WebhookDelivery", "Problem", "Money"),
    ),
    "rejectAvatar": (
        """\
mutation rejectAvatar($input: AvatarInput!) {
  rejectAvatar(input: $input) {
    avatar {
      ...Avatar
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Avatar", "Problem", "Asset", "Money", "MediaRefusal"),
    ),
    "rejectVoice": (
        """\
mutation rejectVoice($input: VoiceInput!) {
  rejectVoice(input: $input) {
    voice {
      ...Voice
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Voice", "Problem", "Asset", "Money", "MediaRefusal"),
    ),
    "removePronunciation": (
        """\
mutation removePronunciation($input: RemovePronunciationInput!) {
  removePronunciation(input: $input) {
    removedId
    errors {
      ...Problem
    }
  }
}""",
        ("Problem", "Money"),
    ),
    "renameAvatar": (
        """\
mutation renameAvatar($input: RenameAvatarInput!) {
  renameAvatar(input: $input) {
    avatar {
      ...Avatar
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Avatar", "Problem", "Asset", "Money", "MediaRefusal"),
    ),
    "renameVoice": (
        """\
mutation renameVoice($input: RenameVoiceInput!) {
  renameVoice(input: $input) {
    voice {
      ...Voice
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Voice", "Problem", "Asset", "Money", "MediaRefusal"),
    ),
    "resolveReview": (
        """\
mutation resolveReview($input: ResolveReviewInput!) {
  resolveReview(input: $input) {
    job {
      ...Job
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Job", "Problem", "Progress", "JobFailure", "Quote", "Money"),
    ),
    "resumeOnboardingStep": (
        """\
mutation resumeOnboardingStep($input: OnboardingStepInput!) {
  resumeOnboardingStep(input: $input) {
    persona {
      ...Persona
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Persona",
            "Problem",
            "WritingStyle",
            "Voice",
            "Avatar",
            "Consent",
            "Money",
            "Asset",
            "MediaRefusal",
        ),
    ),
    "retryJob": (
        """\
mutation retryJob($input: RetryJobInput!) {
  retryJob(input: $input) {
    output {
      ...Output
    }
    job {
      ...Job
    }
    quote {
      ...Quote
    }
    skipped {
      ...SkippedPart
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Output",
            "Job",
            "Quote",
            "SkippedPart",
            "Problem",
            "Served",
            "Money",
            "Asset",
            "Progress",
            "JobFailure",
            "Captions",
            "ContentPartFact",
            "MediaRefusal",
        ),
    ),
    "revokeServiceToken": (
        """\
mutation revokeServiceToken($input: RevokeServiceTokenInput!) {
  revokeServiceToken(input: $input) {
    token {
      ...ServiceToken
    }
    secret
    errors {
      ...Problem
    }
  }
}""",
        ("ServiceToken", "Problem", "Money"),
    ),
    "rollbackPersona": (
        """\
mutation rollbackPersona($input: RollbackPersonaInput!) {
  rollbackPersona(input: $input) {
    persona {
      ...Persona
    }
    version {
      ...PersonaVersion
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Persona",
            "PersonaVersion",
            "Problem",
            "WritingStyle",
            "Voice",
            "Avatar",
            "Consent",
            "Money",
            "Asset",
            "MediaRefusal",
        ),
    ),
    "rotateWebhookSecret": (
        """\
mutation rotateWebhookSecret($input: WebhookInput!) {
  rotateWebhookSecret(input: $input) {
    webhook {
      ...Webhook
    }
    secret
    errors {
      ...Problem
    }
  }
}""",
        ("Webhook", "Problem", "Money"),
    ),
    "setDriftWatch": (
        """\
mutation setDriftWatch($input: SetDriftWatchInput!) {
  setDriftWatch(input: $input) {
    voice {
      ...Voice
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Voice", "Problem", "Asset", "Money", "MediaRefusal"),
    ),
    "setGoldenLines": (
        """\
mutation setGoldenLines($input: SetGoldenLinesInput!) {
  setGoldenLines(input: $input) {
    persona {
      ...Persona
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Persona",
            "Problem",
            "WritingStyle",
            "Voice",
            "Avatar",
            "Consent",
            "Money",
            "Asset",
            "MediaRefusal",
        ),
    ),
    "setPlatformAdaptation": (
        """\
mutation setPlatformAdaptation($input: SetPlatformAdaptationInput!) {
  setPlatformAdaptation(input: $input) {
    adaptation {
      ...PlatformAdaptation
    }
    errors {
      ...Problem
    }
  }
}""",
        ("PlatformAdaptation", "Problem", "Money"),
    ),
    "setPronunciation": (
        """\
mutation setPronunciation($input: SetPronunciationInput!) {
  setPronunciation(input: $input) {
    entry {
      ...LexiconEntry
    }
    errors {
      ...Problem
    }
  }
}""",
        ("LexiconEntry", "Problem", "Money"),
    ),
    "setTier": (
        """\
mutation setTier($input: SetTierInput!) {
  setTier(input: $input) {
    account {
      ...Account
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Account", "Problem", "Tier", "Money"),
    ),
    "setVoiceRenewal": (
        """\
mutation setVoiceRenewal($input: SetVoiceRenewalInput!) {
  setVoiceRenewal(input: $input) {
    voice {
      ...Voice
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Voice", "Problem", "Asset", "Money", "MediaRefusal"),
    ),
    "skipOnboardingStep": (
        """\
mutation skipOnboardingStep($input: OnboardingStepInput!) {
  skipOnboardingStep(input: $input) {
    persona {
      ...Persona
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Persona",
            "Problem",
            "WritingStyle",
            "Voice",
            "Avatar",
            "Consent",
            "Money",
            "Asset",
            "MediaRefusal",
        ),
    ),
    "spend": (
        """\
query spend {
  viewer {
    account {
      spend {
        spent {
          ...Money
        }
        held {
          ...Money
        }
        left {
          ...Money
        }
      }
    }
  }
}""",
        ("Money",),
    ),
    "styleCheck": (
        """\
mutation styleCheck($input: StyleCheckInput!) {
  styleCheck(input: $input) {
    check {
      ...StyleCheck
    }
    errors {
      ...Problem
    }
  }
}""",
        ("StyleCheck", "Problem", "StyleFinding", "Money"),
    ),
    "stylePrompt": (
        """\
query stylePrompt($personaId: ID!, $platform: Platform) {
  persona(id: $personaId) {
    stylePrompt(platform: $platform)
  }
}""",
        (),
    ),
    "testWebhook": (
        """\
mutation testWebhook($input: WebhookInput!) {
  testWebhook(input: $input) {
    delivery {
      ...WebhookDelivery
    }
    errors {
      ...Problem
    }
  }
}""",
        ("WebhookDelivery", "Problem", "Money"),
    ),
    "trainTwin": (
        """\
mutation trainTwin($input: TrainTwinInput!) {
  trainTwin(input: $input) {
    voice {
      ...Voice
    }
    job {
      ...Job
    }
    quote {
      ...Quote
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Voice", "Job", "Quote", "Problem", "Asset", "Progress", "JobFailure", "Money", "MediaRefusal"),
    ),
    "trainVoice": (
        """\
mutation trainVoice($input: TrainVoiceInput!) {
  trainVoice(input: $input) {
    voice {
      ...Voice
    }
    job {
      ...Job
    }
    quote {
      ...Quote
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Voice", "Job", "Quote", "Problem", "Asset", "Progress", "JobFailure", "Money", "MediaRefusal"),
    ),
    "unpinPersonaVersion": (
        """\
mutation unpinPersonaVersion($input: UnpinPersonaVersionInput!) {
  unpinPersonaVersion(input: $input) {
    persona {
      ...Persona
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Persona",
            "Problem",
            "WritingStyle",
            "Voice",
            "Avatar",
            "Consent",
            "Money",
            "Asset",
            "MediaRefusal",
        ),
    ),
    "updatePersona": (
        """\
mutation updatePersona($input: UpdatePersonaInput!) {
  updatePersona(input: $input) {
    persona {
      ...Persona
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Persona",
            "Problem",
            "WritingStyle",
            "Voice",
            "Avatar",
            "Consent",
            "Money",
            "Asset",
            "MediaRefusal",
        ),
    ),
    "updatePersonaSettings": (
        """\
mutation updatePersonaSettings($input: UpdatePersonaSettingsInput!) {
  updatePersonaSettings(input: $input) {
    persona {
      ...Persona
    }
    errors {
      ...Problem
    }
  }
}""",
        (
            "Persona",
            "Problem",
            "WritingStyle",
            "Voice",
            "Avatar",
            "Consent",
            "Money",
            "Asset",
            "MediaRefusal",
        ),
    ),
    "updateWritingStyle": (
        """\
mutation updateWritingStyle($input: UpdateWritingStyleInput!) {
  updateWritingStyle(input: $input) {
    writingStyle {
      ...WritingStyle
    }
    errors {
      ...Problem
    }
  }
}""",
        ("WritingStyle", "Problem", "Money"),
    ),
    "viewer": (
        """\
query viewer {
  viewer {
    label
    scopes
    account {
      ...Account
    }
  }
}""",
        ("Account", "Tier", "Money"),
    ),
    "voice": (
        """\
query voice($id: ID!) {
  node(id: $id) {
    ...Voice
  }
}""",
        ("Voice", "Asset", "MediaRefusal"),
    ),
    "webhooks": (
        """\
query webhooks {
  viewer {
    account {
      webhooks {
        ...Webhook
      }
    }
  }
}""",
        ("Webhook",),
    ),
    "withdrawConsent": (
        """\
mutation withdrawConsent($input: WithdrawConsentInput!) {
  withdrawConsent(input: $input) {
    consent {
      ...Consent
    }
    errors {
      ...Problem
    }
  }
}""",
        ("Consent", "Problem", "Money"),
    ),
}

PAID = frozenset(
    {
        "checkDrift",
        "createAvatar",
        "generateContent",
        "generateSpeech",
        "generateSpeechBatch",
        "generateVideo",
        "promoteOutput",
        "retryJob",
        "trainTwin",
        "trainVoice",
    }
)


def document(name: str) -> str:
    """An operation with the fragments it needs."""
    text, fragments = OPERATIONS[name]
    return "\n".join([text, *(FRAGMENTS[fragment] for fragment in fragments)])
