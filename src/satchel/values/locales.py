"""The locale names that a collation may give.

Reference:
    MongoDB manual, "Collation Locales and Default Parameters".
"""

from __future__ import annotations

from typing import Final

_LANGUAGES: Final = """
    af am ar ar_SA as az be bg bn bo bs bs_Cyrl ca chr cs cy da de de_AT dsb dz ee el en en_US en_US_POSIX eo
    es et fa fa_AF fi fil fo fr fr_CA ga gl gu ha haw he hi hr hsb hu hy id ig is it ja ka kk kl km kn ko kok
    ky lb lkt ln lo lt lv mk ml mn mr ms mt my nb ne nl nn om or pa pl ps pt ro ru se si sk sl smn sq sr
    sr_Latn sv sw ta te th to tr ug uk ur vi wae yi yo zh zh_Hant zu
"""

_VARIANTS: Final = """
    ar@collation=compat bn@collation=traditional ca@collation=search da@collation=search de@collation=eor
    de@collation=phonebook de@collation=search de_AT@collation=phonebook en@collation=search
    es@collation=search es@collation=traditional fi@collation=search fi@collation=traditional
    ja@collation=unihan ko@collation=search ko@collation=searchjl ko@collation=unihan ln@collation=phonetic
    ru@collation=search si@collation=dictionary sv@collation=reformed sv@collation=search sv@collation=standard
    tr@collation=search vi@collation=traditional zh@collation=big5han zh@collation=gb2312han zh@collation=pinyin
    zh@collation=stroke zh@collation=unihan zh@collation=zhuyin zh_Hant@collation=pinyin zh_Hant@collation=stroke
    zh_Hant@collation=zhuyin
"""

LOCALES: Final = frozenset(_LANGUAGES.split()) | frozenset(_VARIANTS.split())


def suggested_locale(name: str) -> str | None:
    """Return the known locale that an unknown name may mean: `en` for `en_GB`, `en_US` for `en-us`."""
    base, _, _variant = name.replace("-", "_").partition("@")
    steps = base.split("_")
    steps = [steps[0].lower(), *(step.upper() if len(step) == 2 else step.title() for step in steps[1:])]
    for count in range(len(steps), 0, -1):
        candidate = "_".join(steps[:count])
        if candidate in LOCALES:
            return candidate
    return None
