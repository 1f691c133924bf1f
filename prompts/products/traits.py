"""Traits: words for what a person is, which no segment may speak of. A segment is a need, whatever a seller writes."""

from prompts.products.asking import words

TRAITS: dict[str, frozenset[str]] = {
    "health": words([
        "diabetic diabetes diabetiker hiv aids cancer krebs pregnant pregnancy schwanger schwangerschaft disabled",
        "disability behindert obese overweight übergewichtig depression depressed anxiety autism autistic adhd",
        "incontinence inkontinenz infertile infertility allergic allergiker asthma asthmatic dementia demenz addict",
        "menopause wheelchair rollstuhl patient patients patienten",
    ]),
    "faith": words([
        "christian christians christen muslim muslims moslem jewish jews juden hindu hindus buddhist buddhists",
        "catholic katholisch protestant islamic islamisch halal kosher koscher atheist atheists religious religiös",
    ]),
    "origin": words([
        "african asian arab arabs black blacks white whites latino latina hispanic turkish immigrant immigrants",
        "migrant migrants refugee refugees flüchtling roma sinti ethnic ethnicity ethnie race",
    ]),
    "sexuality": words([
        "gay gays lesbian lesbians lesbisch schwul queer lgbt lgbtq bisexual transgender homosexual heterosexual",
    ]),
    "age": words([
        "baby babies toddler toddlers kid kids child children kinder teen teens teenager teenagers senior seniors",
        "senioren elderly adult adults erwachsene infant infants newborn newborns young old aged jugendliche boomer",
    ]),
    "family": words([
        "mother mothers mum mom moms father fathers dad dads parent parents eltern mutter vater widow widows divorced",
        "married single singles wife husband bride groom grandmother grandfather grandparents oma opa daughter son",
    ]),
}  # fmt: skip
"""By kind, in English and German: closed, and longer than strictly needed. `black` is a color and a person's trait: a
fact may say it, a segment may not."""

_ALL = frozenset().union(*TRAITS.values())


def names_a_trait(*texts: str) -> bool:
    """Whether a word of the texts is one of a trait."""
    return not _ALL.isdisjoint(words(texts))
