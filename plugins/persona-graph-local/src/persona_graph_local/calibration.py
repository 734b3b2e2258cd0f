"""What the engine says when its own voices are measured: the first and third articles of the Universal
Declaration of Human Rights (United Nations, free to use), and for English some Harvard sentences."""

from __future__ import annotations

_TEXTS = {
    "en": (
        "All human beings are born free and equal in dignity and rights. They are endowed with reason and "
        "conscience and should act towards one another in a spirit of brotherhood. Everyone has the right to "
        "life, liberty and security of person. The birch canoe slid on the smooth planks. Glue the sheet to "
        "the dark blue background. These days a chicken leg is a rare dish. The juice of lemons makes fine punch. "
        "The harvest was likely to be better than anyone in the valley had dared to expect, and those who had "
        "worked through the nights deserved some credit for it."
    ),
    "de": (
        "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen "
        "begabt und sollen einander im Geist der Brüderlichkeit begegnen. Jeder hat das Recht auf Leben, "
        "Freiheit und Sicherheit der Person."
    ),
    "fr": (
        "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et "
        "de conscience et doivent agir les uns envers les autres dans un esprit de fraternité. Tout individu "
        "a droit à la vie, à la liberté et à la sûreté de sa personne."
    ),
    "es": (
        "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón "
        "y conciencia, deben comportarse fraternalmente los unos con los otros. Todo individuo tiene derecho "
        "a la vida, a la libertad y a la seguridad de su persona."
    ),
    "it": (
        "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono dotati di ragione e "
        "di coscienza e devono agire gli uni verso gli altri in spirito di fratellanza. Ogni individuo ha "
        "diritto alla vita, alla libertà ed alla sicurezza della propria persona."
    ),
    "pt": (
        "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de razão e de "
        "consciência, devem agir uns para com os outros em espírito de fraternidade. Todo o indivíduo tem "
        "direito à vida, à liberdade e à segurança pessoal."
    ),
    "nl": (
        "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn begiftigd met verstand "
        "en geweten, en behoren zich jegens elkander in een geest van broederschap te gedragen. Een ieder "
        "heeft het recht op leven, vrijheid en onschendbaarheid van zijn persoon."
    ),
    "pl": (
        "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni "
        "rozumem i sumieniem i powinni postępować wobec innych w duchu braterstwa. Każdy człowiek ma prawo "
        "do życia, wolności i bezpieczeństwa swej osoby."
    ),
    "ru": (
        "Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и "
        "совестью и должны поступать в отношении друг друга в духе братства. Каждый человек имеет право на "
        "жизнь, на свободу и на личную неприкосновенность."
    ),
    "sv": (
        "Alla människor är födda fria och lika i värde och rättigheter. De är utrustade med förnuft och "
        "samvete och bör handla gentemot varandra i en anda av broderskap. Var och en har rätt till liv, "
        "frihet och personlig säkerhet."
    ),
    "tr": (
        "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar. Akıl ve vicdana sahiptirler ve "
        "birbirlerine karşı kardeşlik zihniyeti ile hareket etmelidirler. Yaşamak, hürriyet ve kişi "
        "emniyeti her ferdin hakkıdır."
    ),
    "cmn": (
        "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。"
        "人人有权享有生命、自由和人身安全。"
    ),
}


def calibration_text(engine_language: str) -> str:
    """In the language if there is one, else in English, which every engine voice can spell through."""
    return _TEXTS.get(engine_language.split("-", 1)[0], _TEXTS["en"])
