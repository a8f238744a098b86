"""Statements that claim: benefit, significance, equivalence, realism, privacy, and the opposite of a limit.

Rules
-----
1. A claim says that something is so. What is negated, hoped for, asked, planned, or told of other people's work is
   passed over; so is a word in another meaning (significant digits, contrast-enhanced CT).
2. What would answer the question (a test, an equivalence test, blinded readers, a measurement) is looked for in the
   same sentence and the sentences beside it; where it stands, nothing is asked.
3. Every pattern is bounded, and a statement is short: the time it takes grows with the length of the paper only.

Source: recommendations D5, E2, E3, E5, E7, E10, L3.

Example:
    >>> from misyn.practice.review.text import Statement
    >>> said = lambda text: [Statement(text, "text", "Results", 1)]
    >>> [hit.words for hit in realism(said("Our model draws realistic lesions."))]
    ['realistic']
    >>> list(realism(said("The images are not realistic.")))
    []
"""

# ruff: noqa: E501 - a pattern is read alternative by alternative; breaking one in two hides it

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from misyn.practice.review.hits import Hit, nearby, not_of_the_field, owned, pattern, said
from misyn.practice.review.text import Statement

_TASK = (
    r"(performance|accura\w+|precision|recall|sensitivity|specificity|dice|auc|f1|scores?|results?|robust\w*|generali\w+"
    r"|segment\w+|classif\w+|detect\w+|diagnos\w+|prognos\w+|predict\w+|training|networks?|models?|learning|workflow"
    r"|care|outcomes?|efficiency|quality|fidelity|reliab\w+)"
)
_PROBLEM = (
    r"(scarcity|shortage|imbalance|lack of (annotated |labell?ed |training )?data|limited (data|availability)|data (gap|limitation)s?"
    r"|small (data ?set|sample|data)s? problem)"
)
# "to improve" alone is a purpose; "helps to improve" is a claim.
_PURPOSE = r"(?<!\bto )(?<!\bwe )(?<!\bwe also )|(?<=help to )|(?<=helps to )|(?<=able to )|(?<=ability to )"
_BENEFIT = pattern(
    rf"(?:{_PURPOSE})\b(improv(es?|ed|ing)|boost(s|ed|ing)?|enhanc(es?|ed|ing)|increas(es?|ed)|rais(es?|ed)|strengthen(s|ed)?|standardi[sz]es?)"
    rf" (?:\S+ ){{0,5}}?{_TASK}\b",
    rf"\b{_TASK} (?:\S+ ){{0,3}}?(improv(es?|ed)|ris(es?|en)|rose|increas(es?|ed))\b",
    rf"\b{_TASK} (?:\S+ ){{0,2}}?improvements? (is|was|of)\b|\bimprovements? in (?:\S+ ){{0,3}}?{_TASK}\b",
    r"\boutperform(s|ed|ing)?\b|\bstate[- ]of[- ]the[- ]art (results?|performance|accuracy|(visual |image )?quality)\b",
    r"\b(better|best|highest|higher|greater) (?:\S+ ){0,2}?(accurac(y|ies)|performance|f-?1?-?scores?|scores?|auc|dice|generali[sz]ation|sensitivity|specificity)\b",
    r"\b(is|are|was|were|proves?|proved) (\w+ )?effective (in|for|at)\b|\bimprovements? over\b|\bbenefits? (more |most )?from\b|\ballows? for increas\w+",
    r"\bsuitable for (clinical|deployment|diagnos\w+)\b|\bimproves? the (depiction|visibility|conspicuity|detectability)\b",
    r"\bsuperiority\b|\bsuperior (to|performance|results?|accuracy|quality)\b|\b(surpass|exceed)(es|ed) (all|existing|other|the)\b",
    rf"(?<!\bto )\b(solv|overcom|alleviat|mitigat|address|remed|tackl|eliminat)(es?|ed|ing|ies)\b (?:\S+ ){{0,6}}?{_PROBLEM}\b",
    r"\bclinically (useful|valid|validated|ready|applicable|viable)\b",
    r"\bbenefits? (for |to )?(the )?(patients?|clinicians?|radiologists?|care)\b",
    r"(?<!\bto )\breduc(es?|ed|ing) (the )?(workload|burden|costs?|need for|radiation|dose|reading time)\b",
    r"\b(more|better|most) (robust|accurate|reliable|generali[sz]able|efficient|effective)\b",
    r"\bgenerali[sz]es? (much |significantly )?better\b|\b(performs?|works?|trains?) (much |significantly )?better\b",
    r"\benabl(es?|ed|ing) (more |an? )?(accurate|reliable|robust|earlier|faster|safe\w*|better)\b",
    r"\b(safe|cost-effective|effective|powerful|valuable|robust|scalable|efficient|novel|viable|practical) (and [\w-]+ )?(new )?"
    r"(alternative|solution|tool|substitute|remedy|avenue)\b",
    r"\b(performance|accuracy|auc|dice) (improvements?|gains?|increases?)\b|\d ?% (improvement|gain|increase)s? (on|in|of|over)\b|\bgains over\b",
    r"\b(better|lower|best|highest|higher|greater) (?:\S+ ){0,2}?(similarity|ssim|psnr|fid|signal-to-noise ratio)\b|\breduction in (\w+ )?error\b",
    r"\bmore (?:[\w-]+ ){1,6}?(than|compared (to|with)) (the )?(other|existing|previous|competing|state-of-the-art)\b|\bgreatly benefits?\b",
    r"\bhelps? (radiologists?|clinicians?|patients?|physicians?|surgeons?|the (network|classifier|model))\b",
    r"\bcan (effectively |greatly )?(aid|assist|support|facilitate) |\bcontribut(es?|ing) to (enhanced|improved|better|greater)\b",
)

_CHANGE = (
    r"(differ\w*|improv\w*|gains?|increas\w*|decreas\w*|reduc\w*|higher|lower|better|worse|outperform\w*|boosts?|boosted|drop\w*|effects?"
    r"|correlat\w*|associat\w*|sharper|more|less|fewer|larger|smaller|superior|inferior|enhanc\w*|changes?|rise|fall|advantage|longer|shorter)"
)
_SIGNIFICANT = pattern(
    r"\bstatistical(ly)? significan(t|tly|ce)\b|\bsignificance was (found|reached|observed)\b",
    rf"\bsignificant(ly)? (?:[\w-]+ ){{0,3}}?{_CHANGE}\b|\b{_CHANGE} (?:[\w-]+ ){{0,2}}?significantly\b",
    rf"\b{_CHANGE} (?:[\w-]+ ){{0,6}}?(is|was|were|are|be|reach\w*) (not )?(therefore |thus |also )?significant\b",
)
_OTHERWISE_SIGNIFICANT = re.compile(
    r"\b(clinical(ly)?|biological(ly)?|the|a|least|most) significan(t|ce) (bits?|of (the|this|these|our) (problem|work|findings?"
    r"|results?|topic))|\bclinical(ly)? significan|\bsignificance (level|threshold)|\bsignificance of\b"
    r"|\bsignificant (digits?|figures?|bits?|others?|challenges?|roles?|problems?|interest|attention|importance|burden"
    r"|amounts?|time|efforts?|advances?|progress|cause|number|part|potential|concerns?|barriers?|hurdles?|obstacles?)\b"
    r"|\bsignificantly (more|less) (complex|challenging|difficult|expensive|costly|time)\w*|\bsignificantly (hinder|hamper|imped|restrict|constrain|limit|burden)\w*"
    r"|\b(considered|regarded as|deemed|taken as) (statistically )?significant\b|\bsignificance was (set|fixed|defined)\b",
    re.IGNORECASE,
)
TEST = re.compile(
    r"\bp\s*-?\s*(values?\b|[<=>≤≥]|\()|\bt[- ]tests?\b|\bwilcoxon|\bmann[- ]?[–-]?whitney|\banova\b|\bpermutation tests?\b"
    r"|\bchi-?squared?\b|χ|\bmcnemar|\bdelong\b|\bbootstrap|\blog-?rank\b|\bkruskal|\bfriedman\b|\bbonferroni|\bholm\b"
    r"|\btukey\b|\bfisher\b|\bsigned-rank\b|\b(confidence|credible|\d\d ?%) intervals?\b|\b\d\d ?% ci\b|\bcorrected for\b",
    re.IGNORECASE,
)

_EQUIVALENT = pattern(
    r"\bindistinguishable\b|\binterchangeabl[ey]\b|\bnon-?inferior\b|\bnearly identical\b|\bon (a )?par with\b",
    r"\b(could|can|were|was|are|is) ?(not|n't|hardly|unable to|not able to) (be )?(reliably )?(distinguish|tell|told apart|different|discern)\w*",
    r"\b(difficult|hard|impossible) to (distinguish|tell|differentiate|discern)\b|\bperform\w* (similar(ly)?|comparabl[ey]) (to|with)\b",
    r"\bfail(s|ed)? to (distinguish|tell|differentiate|discern)\b|\bunable to (distinguish|tell|differentiate|discern)\b",
    r"\bas (good|accurate|effective|useful) as\b|\b(perform|work|do|train)\w* (just )?as well as\b",
    r"\bwithout (compromising|sacrificing|loss of|losing) (\w+ ){0,2}(accuracy|quality|utility|performance|value)\b",
    r"\b(confirm|show|demonstrat)\w* (the )?(high |strong )?similarity (between|of|to)\b",
    r"\bno (statistically )?(significant |measurable |relevant |notable |clinically relevant )?differences?\b",
    r"\bequivalen(t|ce) (to|in|for|with|performance|results?|accuracy|quality)\b|\b(are|is|were|was|perform\w*) equivalent(ly)?\b",
    r"\bcomparable (performance|results?|accuracy|quality|scores?|to)\b|\bcomparable with (?!(regard|respect))",
    r"\bmatch(es|ed)? (that|those|the (performance|accuracy|quality|results?))\b|\bsimilar (performance|accuracy|results) (to|as)\b",
    r"\b(can|could|may)? ?(safely |fully )?replaces? (the |a |an )?(second |medical |patient |acquired |original |real )*"
    r"(acquisition|images?|data|scans?|examinations?|contrast)\b|\bcan (safely |fully )?replace\b",
)
_OTHERWISE_EQUIVALENT = re.compile(
    r"\bdistribution matches|\bcomparable (with regard|with respect|in (age|sex))|\bequivalent (thickness|dose|diameter|radius|circle|hours)",
    re.I,
)
_EQUIVALENCE_TEST = re.compile(
    r"\bequivalence (was |is )?(test|margin|limits?|bounds?)|\btwo one-sided|\btost\b|\bnon-?inferiority (margin|test)"
    r"|\bmargin of\b|\bmargin (was|fixed)",
    re.IGNORECASE,
)

_MADE = re.compile(
    r"synthe|generat|\bsampl(es?|ed|ing)\b|\bgans?\b|diffusion|\bour (images?|models?|networks?|methods?|results?)\b|produc"
    r"|\bmodels?\b|\boutputs?\b|translat|virtual|simulat|inpaint|insert|render|draws?\b|textures?|prompts?",
    re.IGNORECASE,
)
_REALISTIC = pattern(
    r"\b(photo-?|hyper-?|ultra-?)?realistic(ally)?\b(?! (noise|assumptions?|schedules?|scenarios?|settings?|estimates?"
    r"|goals?|workloads?|timelines?|conditions?|expectations?|evaluation|numerically))",
    r"\b(improved|higher?|enhanc\w+( both)?( the)?|striking|remarkable|great(er)?|superior|visual|unprecedented|anatomical|more) (photo-?)?realism\b",
    r"\brealism (?:\S+ ){0,6}?(is|was|are) (striking|high|remarkable|excellent|convincing|impressive)\b",
    r"\blife-?like\b|\btrue[- ]to[- ](life|nature)\b|\bauthentic(-looking)?\b",
    r"\bvisually (convincing|plausible|appealing|pleasing|faithful|compelling|realistic)\b",
    r"\b(anatomically|physiologically|clinically|biologically) (plausible|accurate|correct|consistent|faithful|coherent)\b",
    r"\b(looks?|looking|appears?) (like |just like )?(genuine|authentic|real|natural)\b|\b(closely|strongly|highly|faithfully) resembl\w+",
    r"\b(high|superior|unprecedented|excellent|outstanding|remarkable|great|superb|near-perfect|state-of-the-art)(er|est)?[- ]"
    r"(visual |perceptual |image |diagnostic )?(quality|fidelity)\b(?![\w, -]{0,30}\b(annotated|training|data ?sets?|labell?ed|publicly|imaging|medical|paired)\b)",
)
_READERS = re.compile(
    r"\bblinded\b|\breader stud(y|ies)\b|\b(rated|scored|judged|assessed) by\b|\bturing test\b|\b\d\d ?% (interval|ci)\b|\blikert\b"
    r"|\b(participants|readers|experts|radiologists) were (asked|tasked)\b",
    re.IGNORECASE,
)

_PRIVATE = pattern(
    r"\bprivacy[- ](preserv\w+|safe|friendly|compliant|aware|protect\w+|conscious|free)\b|\bpreserv\w+ (?:\S+ ){0,2}?privacy\b",
    r"\b(circumvent|avoid|remov|eliminat|solv|bypass|sidestep|overcom|obviat|resolv|alleviat|address)\w* (?:\S+ ){0,4}?"
    r"(privacy|confidentiality|data[- ]protection)\b",
    r"\b(protect|guarantee|ensur|safeguard|maintain|respect)\w* (?:\S+ ){0,4}?(privacy|confidentiality|anonymity)\b",
    r"\bno (single )?(patients?|persons?|individuals?|one) (can|could) be (re-?)?identified\b",
    r"\bwithout (any )?(risk of re-?identification|privacy (risks?|concerns?|issues?))\b|\bfree (of|from) privacy\b",
    r"\b(do|does) not (contain|include|reveal|expose) (?:\S+ ){0,3}?(patients?|individuals?|personal|identif\w+)\b",
    r"\b(irrelevant|independent|regardless) (of|to) (?:\S+ ){0,2}?privacy\b",
    r"\bnot linked to (\w+ ){0,2}patients?\b|\bwithout exposing (\w+ ){0,2}(patients?|identif\w+|personal)\b",
    r"\b(contains?|reveals?|holds?|carr(y|ies)) no (?:\S+ ){0,3}?(patients?|individuals?|persons?|personal|identif\w+)\b",
    r"\b(data[- ]protection|privacy) (laws?|rules?|regulations?|restrictions?) (do|does) not apply\b",
    r"\b(fully |completely |truly |inherently )?anonym(ous|i[sz]ed)\b(?=.{0,40}\bshar)|\b(fully|completely|inherently) anonymous\b",
    r"\bbelongs? to no ?(one|body|patient)\b|\bshared (freely|without (restrictions?|consent))\b",
)
_SYNTHESIS = re.compile(
    r"synthe|generat|\bour (images?|models?|methods?|data|approach|framework)\b|\bgans?\b|diffusion|\bthis (removes|avoids|solves"
    r"|eliminates)|the images guarantee|privacy[- ]preserv|artificial",
    re.IGNORECASE,
)
_MEASURED_PRIVACY = re.compile(
    r"\bmembership[- ]inference\b|\bcopy suspects?\b|\bnearest[- ]neighbou?r|\bepsilon\b|\bε\s*=|\bmemori[sz]ation (was|is)"
    r"|\bre-?identification (attack|experiment|study)",
    re.IGNORECASE,
)

_AGAINST_LIMITS = pattern(
    r"\bunbiased\b(?! (estimat\w+|test))|\b(bias|artefact|artifact)[- ]free\b|\bfree (of|from) (any |all |demographic )?(bias|shift)\b",
    r"\b(introduc|bring|add|show|exhibit|ha(s|ve)|contain)\w* no (?:\S+ ){0,3}?(bias|(distribution(al)? )?shift)\b|\bwithout (any |new )?(distribution(al)? shifts?|bias)\b|\bno (new )?bias\b(?! terms?)",
    r"\b(eliminat|remov|eradicat|avoid)\w* (?:\S+ ){0,3}?bias(es)?\b",
    r"\b(full|entire|complete|whole|true) (?:\S+ ){0,2}?(diversity|variability|distribution|spectrum|range)\b",
    r"\b(fully|faithfully|completely|accurately|perfectly|exactly) (captur|represent|reproduc|reflect|cover|model)\w*",
    r"\b(distribution|diversity|variability) (?:\S+ ){0,3}?match(es|ed)? (?:\S+ ){0,8}?(exactly|perfectly)\b",
    r"\brepresents? (all|every) (patholog|disease|group|patient population)\w*\b|\bevery \w+ is (?:\S+ ){0,2}?represented\b",
    r"\bfair (to|for|across|towards?)\b|\bequally well for (all|every)\b",
)


def benefit(statements: Sequence[Statement]) -> Iterator[Hit]:
    """A task, people or care are said to gain."""
    return (hit for _, hit in said(_BENEFIT, statements) if not_of_the_field(hit))


def significance(statements: Sequence[Statement]) -> Iterator[Hit]:
    """A result is called significant, or not, and no test stands beside it."""
    for index, hit in said(_SIGNIFICANT, statements, negated=True):
        if not _OTHERWISE_SIGNIFICANT.search(hit.text) and not nearby(TEST, statements, index) and owned(hit):
            yield hit


def equivalence(statements: Sequence[Statement]) -> Iterator[Hit]:
    """Two things are said to do equally well, and no test of equivalence stands beside it."""
    for index, hit in said(_EQUIVALENT, statements):
        other = _OTHERWISE_EQUIVALENT.search(hit.text)
        if not other and not nearby(_EQUIVALENCE_TEST, statements, index) and owned(hit):
            yield hit


def realism(statements: Sequence[Statement]) -> Iterator[Hit]:
    """Synthetic images are called realistic, plausible or of high quality, and no blinded reader stands beside it."""
    for index, hit in said(_REALISTIC, statements):
        if _MADE.search(hit.text) and not nearby(_READERS, statements, index) and not_of_the_field(hit):
            yield hit


def privacy(statements: Sequence[Statement]) -> Iterator[Hit]:
    """Synthesis is said to protect privacy or to free from it, and no measurement stands beside it."""
    for index, hit in said(_PRIVATE, statements):
        if _SYNTHESIS.search(hit.text) and not nearby(_MEASURED_PRIVACY, statements, index) and owned(hit):
            yield hit


def limits(statements: Sequence[Statement]) -> Iterator[Hit]:
    """The opposite of a limit that every technique has is said."""
    return (hit for _, hit in said(_AGAINST_LIMITS, statements) if not_of_the_field(hit))
