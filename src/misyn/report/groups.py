"""Say a group of patients in words: ``sex=F & age=60-79`` is "women aged 60–79".

Rules
-----
1. Only sex and age have words of their own; every other column is quoted as the table has it: nothing is guessed.
2. A person is a woman or a man only where the age band starts at 18 or later; otherwise "female patients".
3. "unknown" stays unknown: it is a group too.

Example:
    >>> people("sex=F & age=60-79"), people("sex=M"), people("localization=back")
    ('women aged 60–79', 'male patients', 'images with localization “back”')
"""

from __future__ import annotations

import re

SEX = {"sex", "gender", "patient_sex", "patientsex"}
AGE = {"age", "age_band", "age_approx", "patient_age", "patientage"}
LABEL = {"label", "labels", "class", "diagnosis", "dx"}
FEMALE, MALE = {"f", "female", "w", "woman"}, {"m", "male", "man"}
ADULT = 18
UNKNOWN = "unknown"


def parts(group: str) -> tuple[tuple[str, str], ...]:
    """Split group text into its columns and values.

    Example:
        >>> parts("sex=F & age=80+")
        (('sex', 'F'), ('age', '80+'))
    """
    pairs = (part.partition("=") for part in group.split(" & "))
    return tuple((column.strip(), value.strip()) for column, _, value in pairs)


def people(group: str) -> str:
    """Say who or what is in a group, as a plural that fits after "most" and after "of all"."""
    known = dict(parts(group))
    sex = next((known.pop(column) for column in list(known) if column.lower() in SEX), None)
    age = next((known.pop(column) for column in list(known) if column.lower() in AGE), None)
    who = _person(sex, age) if sex is not None or age is not None else "images"
    rest = [_other(column, value) for column, value in known.items()]
    return " ".join([who, " and ".join(rest)]).strip()


def short(group: str) -> str:
    """Name a group in few words, for a table or a figure.

    Example:
        >>> short("sex=F & age=80+"), short("localization=back"), short("sex=F & dx=nv")
        ('Women aged 80 or over', 'Localization: back', 'Female patients, dx: nv')
    """
    known = dict(parts(group))
    others = {column: value for column, value in known.items() if column.lower() not in SEX | AGE}
    named = [f"{column}: {value}" for column, value in others.items()]
    if len(others) < len(known):
        named = [people(" & ".join(f"{c}={v}" for c, v in known.items() if c not in others)), *named]
    text = ", ".join(named)
    return text[:1].upper() + text[1:]


def images_of(group: str) -> str:
    """Say the images of a group.

    Example:
        >>> images_of("sex=F & age=80+"), images_of("dx=nv")
        ('images of women aged 80 or over', 'images labelled “nv”')
    """
    who = people(group)
    return who if who.startswith("images") else f"images of {who}"


def _person(sex: str | None, age: str | None) -> str:
    """Name people by sex and age band."""
    band = re.fullmatch(r"(\d+)(?:[-–]\d+|\+)", age or "")
    adult = band is not None and int(band[1]) >= ADULT
    female, male = (sex or "").lower() in FEMALE, (sex or "").lower() in MALE
    names = {(True, False): ("female patients", "women"), (False, True): ("male patients", "men")}
    who = names.get((female, male), ("patients", "patients"))[adult]
    if sex is not None and not female and not male:
        who += " of unknown sex" if sex.lower() == UNKNOWN else f" with sex “{sex}”"
    return who if age is None else f"{who} {_age(age)}"


def _age(age: str) -> str:
    """Say an age band."""
    if age.lower() == UNKNOWN:
        return "of unknown age"
    if age.endswith("+"):
        return f"aged {age[:-1]} or over"
    return f"aged {age.replace('-', '–')}"


def _other(column: str, value: str) -> str:
    """Say any other column, as the table has it."""
    return f"labelled “{value}”" if column.lower() in LABEL else f"with {column} “{value}”"
