"""Word lists of the English figures. They are ours, put together by hand; docs/style.md says what each is for."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ABBREVIATIONS = _set(
    "mr mrs ms dr prof sr jr st vs etc e.g i.e a.m p.m no vol fig approx inc ltd co corp dept est jan feb mar apr jun jul aug "
    "sep sept oct nov dec gen col sgt capt rev hon u.s u.k z.b d.h u.a bzw usw ca nr hr fr str abs evtl ggf mio mrd "
    "mme mlle p.ex av ste vol sra srta dra ud uds p.ej sig dott ecc pag dhr mevr bijv enz blz"
)

# What carries grammar and not the subject; the same for everyone, so that two people's rates compare.
FUNCTION_WORDS = (
    "the",
    "of",
    "and",
    "to",
    "a",
    "in",
    "that",
    "it",
    "is",
    "was",
    "i",
    "he",
    "for",
    "as",
    "with",
    "his",
    "be",
    "not",
    "on",
    "at",
    "by",
    "had",
    "have",
    "but",
    "which",
    "you",
    "or",
    "from",
    "this",
    "an",
    "they",
    "her",
    "she",
    "we",
    "are",
    "were",
    "all",
    "him",
    "so",
    "there",
    "been",
    "one",
    "if",
    "no",
    "would",
    "who",
    "what",
    "my",
    "when",
    "me",
    "their",
    "will",
    "has",
    "more",
    "could",
    "can",
    "into",
    "out",
    "up",
    "than",
    "some",
    "them",
    "only",
    "its",
    "do",
    "very",
    "your",
    "our",
    "then",
    "may",
    "should",
    "any",
    "over",
    "now",
    "such",
    "must",
    "about",
    "these",
    "upon",
    "every",
    "how",
    "said",
    "before",
    "after",
    "did",
    "never",
    "those",
    "most",
    "made",
    "might",
    "much",
    "other",
    "like",
    "man",
    "where",
    "through",
    "too",
    "own",
    "us",
    "am",
    "whom",
    "because",
    "being",
    "again",
    "always",
    "yet",
    "still",
    "while",
    "even",
    "though",
    "just",
    "here",
    "well",
    "shall",
    "without",
    "against",
    "between",
    "both",
    "each",
    "off",
    "down",
    "first",
    "little",
    "long",
    "many",
    "perhaps",
    "quite",
    "rather",
    "same",
    "since",
    "something",
    "thing",
    "think",
    "know",
    "don't",
    "it's",
    "i'm",
    "that's",
    "there's",
    "can't",
    "won't",
    "you're",
    "didn't",
    "let",
    "get",
    "got",
    "also",
    "really",
    "another",
    "within",
    "whose",
    "till",
    "until",
    "toward",
    "towards",
    "among",
    "why",
    "whether",
    "nothing",
    "nor",
    "however",
    "indeed",
    "therefore",
    "thus",
    "whole",
)
STOP_WORDS = frozenset(FUNCTION_WORDS) | _set(
    "isn't wasn't weren't aren't hasn't haven't hadn't doesn't couldn't wouldn't shouldn't i've i'll i'd you've you'll we're "
    "we've we'll they're they've they'll he's she's what's let's having does done doing go went gone come came say says see "
    "saw seen make makes take took taken give gave given put two three four five six seven eight nine ten hundred thousand "
    "mr mrs miss dr sir old new good great last next few lot back way time day year people himself herself itself "
    "themselves myself yourself ourselves anything everything everyone someone cannot need want use used using us via per "
    "upon once ever often already less least enough almost around across along away under above below during s t re ve ll d m"
)

HEDGES = _set(
    "perhaps maybe possibly probably seem seems seemed somewhat rather fairly apparently arguably presumably likely unlikely "
    "might may could suggests suggest tend tends appear appears usually often sometimes generally almost roughly"
)
INTENSIFIERS = _set(
    "very really extremely so totally absolutely completely utterly incredibly highly deeply truly quite most particularly "
    "especially remarkably exceedingly awfully"
)
FILLERS = _set("just actually basically literally simply honestly anyway kinda sorta well like")
CONNECTIVES = _set(
    "because therefore thus hence since consequently however although though whereas moreover furthermore nevertheless "
    "accordingly if unless whether meanwhile instead otherwise so"
)
CERTAIN = _set(
    "must never always clearly certainly undoubtedly definitely obviously every all none only exactly surely indeed nothing"
)
NEGATIONS = _set("no not never none nothing neither nor nobody nowhere cannot without") | frozenset(
    f"{verb}n't"
    for verb in [
        "do",
        "does",
        "did",
        "is",
        "was",
        "are",
        "were",
        "has",
        "have",
        "had",
        "ca",
        "wo",
        "would",
        "could",
        "should",
    ]
)
POSITIVE = _set(
    "good great best better love loved happy glad wonderful beautiful excellent amazing perfect easy win wins success success"
    "ful delight delighted joy bright favourite favorite fun brilliant proud exciting excited fantastic awesome enjoy enjoyed "
    "pleasant pleasure fine handsome clever useful"
)
NEGATIVE = _set(
    "bad worst worse wrong hard fail fails failed failure problem problems pain poor sad terrible awful hate hated fear afraid "
    "difficult danger dangerous loss lost mistake mistakes broken weak dull ugly evil crime angry desperate ignorance"
)
WARM = _set(
    "thank thanks welcome together friend friends dear kind kindly care hope glad love family share join help please happy "
    "grateful appreciate sorry"
)
THINKING = _set(
    "think thought believe feel felt wonder remember know knew seem seems seemed suppose imagine consider understand learned "
    "realise realize perhaps"
)
PAST = _set(
    "was were had did said went came saw took made knew thought gave found told left felt stood sat looked seemed"
)
THIRD = _set("he she him her his hers they them their")
FIRST = _set("i me my mine myself i'm i've i'd i'll")
WE = _set("we us our ours ourselves we're we've we'll we'd let's")
YOU = _set("you your yours yourself yourselves you're you've you'll you'd")

BE = _set("is are was were be been being am")
PARTICIPLES = _set(
    "made done given taken seen known found told said put kept left held brought bought built sent sold written shown thrown "
    "drawn born worn torn lost met paid led read set cut hurt hit laid caught taught thought chosen broken spoken driven "
    "forgotten hidden begun won understood struck sunk shot"
)
# Enough verbs to tell most sentences from most fragments.
VERBS = (
    BE
    | PAST
    | _set(
        "has have do does will would can could shall should may might must say says go goes come comes make makes take takes "
        "get gets got know knows think thinks see sees look looks want wants give gives use uses find finds tell tells ask asks "
        "work works seem seems feel feels try tries leave leaves call calls keep keeps let lets begin begins show shows hear hears "
        "play plays run runs move moves live lives believe believes bring brings happen happens write writes sit sits stand "
        "stands lose loses pay pays meet meets include includes continue learn learns change changes lead leads understand watch "
        "follow follows stop stops create speak read spend grow open walk win teach offer remember love consider appear buy wait "
        "serve die send build stay fall cut reach kill raise pass sell decide return explain hope develop carry break receive "
        "agree support hit produce eat cover catch draw choose cause point listen need needs help helps turn turns start starts "
        "means mean became become becomes began ran put set held kept brought wrote sent lost met paid spoke rose grew won it's "
        "that's there's he's she's i'm you're we're they're i've don't can't won't isn't doesn't didn't let's what's i'll we'll "
        "went ought cannot please thank join check add click stop imagine suppose"
    )
)

# "do not" against "don't": (short, long) as they are written.
CONTRACTIBLE = (
    ("don't", "do not"), ("doesn't", "does not"), ("didn't", "did not"), ("isn't", "is not"), ("aren't", "are not"),
    ("wasn't", "was not"), ("weren't", "were not"), ("can't", "cannot"), ("can't", "can not"), ("couldn't", "could not"),
    ("won't", "will not"), ("wouldn't", "would not"), ("shouldn't", "should not"), ("haven't", "have not"),
    ("hasn't", "has not"), ("hadn't", "had not"), ("i'm", "i am"), ("you're", "you are"), ("we're", "we are"),
    ("they're", "they are"), ("it's", "it is"), ("that's", "that is"), ("there's", "there is"), ("he's", "he is"),
    ("she's", "she is"), ("i've", "i have"), ("we've", "we have"), ("you've", "you have"), ("i'll", "i will"),
    ("we'll", "we will"), ("you'll", "you will"), ("let's", "let us"),
)  # fmt: skip

# Words that say nearly the same: who takes one of a row again and again and never another avoids the other.
CHOICES = tuple(
    tuple(row.split())
    for row in (
        "but however", "use utilize utilise", "help assist facilitate", "buy purchase", "begin commence", "start commence",
        "big large", "maybe perhaps", "kids children", "about regarding concerning", "so therefore thus hence",
        "also additionally moreover furthermore", "get obtain", "show demonstrate", "try attempt endeavour endeavor",
        "ask inquire enquire", "need require", "enough sufficient", "end terminate", "while whilst", "among amongst",
        "very extremely exceedingly", "because since", "till until", "upon on", "toward towards", "happen occur",
        "keep retain", "tell inform", "think believe", "many numerous", "quick rapid", "hard difficult", "whole entire",
        "folks people", "often frequently", "almost nearly", "begin start", "shut close", "answer reply", "sure certain",
        "though although", "want wish desire", "customers clients", "leverage use", "learn discover", "guess suppose",
    )
)  # fmt: skip
# Long words with a short one that does the same work.
PLAIN = {
    "utilize": "use", "utilise": "use", "utilizing": "using", "facilitate": "help", "commence": "begin",
    "terminate": "end", "endeavour": "try", "endeavor": "try", "purchase": "buy", "demonstrate": "show",
    "approximately": "about", "subsequently": "later", "additionally": "also", "furthermore": "also", "moreover": "also",
    "numerous": "many", "sufficient": "enough", "assistance": "help", "regarding": "about", "concerning": "about",
    "leverage": "use", "leveraging": "using", "methodology": "method", "optimal": "best", "require": "need",
    "obtain": "get", "attempt": "try", "initiate": "start", "implement": "carry out", "prior": "before", "ascertain": "find out",
    "consequently": "so", "nevertheless": "still", "individuals": "people", "possess": "have", "inquire": "ask",
}  # fmt: skip
