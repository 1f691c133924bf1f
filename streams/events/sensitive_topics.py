"""Sensitive topics: the list that Penchant ships of what shoppers look at and nobody is to be judged by. Pure.

It is narrow: medicines, tests, sexual health, books of faith, and what says as much. Shampoo, sport and vitamins are
not in it. It is in English, with a few words of other languages; a shop adds its own in [privacy].
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

Topic = Literal["health", "pregnancy", "sexuality", "faith", "politics", "union", "origin", "addiction", "debt"]

TOPICS: tuple[Topic, ...] = get_args(Topic)


class Phrases(NamedTuple):
    """How a topic is known. `words` stand anywhere in a title, brand, search or level of a category; `levels` are whole
    levels of a category, or whole searches. In lower case, in the singular, without signs."""

    words: tuple[str, ...]
    levels: tuple[str, ...] = ()


def _phrases(words: str, levels: str = "") -> Phrases:
    listed = (tuple(" ".join(each.split()) for each in text.split(",") if each.strip()) for text in (words, levels))
    return Phrases(*listed)


SHIPPED: Mapping[Topic, Phrases] = {
    "health": _phrases(
        """hiv, hepatitis, herpes, chlamydia, syphilis, gonorrhea, covid test, antigen test, allergy test, urine test,
        medical test, blood test, cholesterol test, celiac test, glucose meter, glucose monitor, glucose test,
        blood glucose, glucometer, insulin, diabetes, diabetic, blood pressure monitor, blood pressure cuff, tonometer,
        pulse oximeter, nebulizer, cpap, catheter, ostomy, colostomy, stoma bag, incontinence, adult diaper,
        hemorrhoid, haemorrhoid, suppository, laxative, antidepressant, antibiotic, antipsychotic, antihistamine,
        ibuprofen, paracetamol, acetaminophen, aspirin, naproxen, omeprazole, loratadine, cetirizine,
        prescription drug, prescription medicine, prescription medication, painkiller, pain relief tablet,
        chemotherapy, cancer treatment, epilepsy, schizophrenia, bipolar disorder, dementia, alzheimer,
        multiple sclerosis, crohn, ulcerative colitis, erectile dysfunction, minoxidil, antifungal cream,
        migraine tablet, hearing aid, medikament, medicamento, medicament, médicament, schmerzmittel, fieberthermometer,
        blutzuckermessgerät, blutdruckmessgerät""",
        """medicine, medicine and drug, medicine drug, medication, drug, pharmacy, otc medicine,
        over the counter medicine, over the counter medication, prescription, medical test, medical testing,
        diagnostic test, home test, incontinence, incontinence aid, diabetes, diabetes care, diabetes management,
        medizin, arzneimittel, apotheke, médicaments, pharmacie, medicamentos, farmacia""",
    ),
    "pregnancy": _phrases(
        """pregnancy, pregnant, prenatal, ovulation, fertility test, fertility monitor, fertility lubricant,
        fertility tracker, maternity, morning sickness, clearblue, schwangerschaft, schwangerschaftstest,
        ovulationstest, umstandsmode, test de grossesse, grossesse, grossesses, prueba de embarazo, embarazo,
        test di gravidanza, zwangerschapstest""",
        "fertility, maternity, pregnancy, pregnancy and maternity, pregnancy test, family planning",
    ),
    "sexuality": _phrases(
        """condom, durex, contraceptive, contraception, morning after pill, emergency contraceptive, sexual health,
        sexual wellness, sex toy, sex doll, vibrator, dildo, butt plug, cock ring, penis, masturbator, strap on harness,
        personal lubricant, viagra, cialis, sildenafil, tadalafil, kamasutra, erotic, bdsm, lgbt, lgbtq, gay pride,
        gay men, gay dating, lesbian, bisexual, transgender, chest binder, coming out as, kondom, verhütung,
        préservatif, preservativo, vibromasseur, sexspielzeug""",
        """adult toy, erotic, sexual wellness, sexual health, sex toy, sex, contraception, contraceptive, condom,
        condoms and lubricant, lgbt, gay and lesbian, erotik""",
    ),
    "faith": _phrases(
        """bible, holy bible, quran, koran, qur an, torah, talmud, bhagavad gita, book of mormon, book of common prayer,
        hymnal, missal, catechism, tripitaka, guru granth sahib, prayer book, prayer mat, prayer rug, prayer bead,
        prayer mala, prayer meditation mala, prayer meditation wrist mala, prayer shawl, rosary, tallit, tefillin,
        kippah, yarmulke, mezuzah, hijab, niqab, burqa, misbaha, tasbih, crucifix, first communion, bar mitzvah,
        bat mitzvah, bibel, koran, gebetsteppich, rosenkranz, biblia, biblia sagrada, coran""",
        """bible, religion, religious, religious text, religious book, religion and spirituality, christian book,
        christianity, islam, judaism, hinduism, buddhism, sikhism, faith, religious item, religious and ceremonial""",
    ),
    "politics": _phrases(
        """democratic party, republican party, conservative party, labour party, socialist party, communist party,
        green party, communist manifesto, mein kampf, make america great again, maga hat, election campaign,
        campaign sign, political party, impeach, pro choice, pro life, antifa, black lives matter""",
        "politics, political, political book, political party, politics and government, campaign merchandise",
    ),
    "union": _phrases(
        """trade union, labor union, labour union, union member, union membership, union proud, proud union, union
        steward, shop steward, teamsters, afl cio, collective bargaining, gewerkschaft, syndicat, sindicato""",
        "trade union, labor union, labour union",
    ),
    "origin": _phrases(
        """dna ancestry, ancestry dna, ancestry test, ancestry kit, ethnicity test, genealogy dna, 23andme,
        myheritage dna, citizenship test, naturalization test, green card application, asylum application""",
        "ancestry, dna test, immigration",
    ),
    "addiction": _phrases(
        """nicotine patch, nicotine gum, nicotine lozenge, nicotine replacement, quit smoking, stop smoking,
        smoking cessation, quit drinking, stop drinking, sobriety, alcoholics anonymous, narcotics anonymous,
        alcoholism, drug test, alcohol test, breathalyzer, breathalyser, naloxone, narcan, methadone, gambling
        addiction, addiction recovery, addiction workbook, nikotinpflaster, rauchentwöhnung""",
        "smoking cessation, addiction, addiction and recovery, drug test",
    ),
    "debt": _phrases(
        """payday loan, debt consolidation, debt relief, debt collector, debt settlement, get out of debt, bankruptcy,
        credit repair, bad credit, foreclosure, insolvency, schuldenberatung, privatinsolvenz""",
        "debt, debt relief, bankruptcy, payday loan",
    ),
}  # fmt: skip
"""By topic."""
