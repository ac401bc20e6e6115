"""The table of receipts' codes says for every code what semantics 6 says, in plain words."""

import pytest

from shared.model import CodeClass, CodeMeaning, Scope
from shared.vonage.codes import CODES, NEXT, meaning_of, sentence_of

NAMED = {
    "1000": CodeMeaning(code_class=CodeClass.AGAIN),
    **{code: CodeMeaning(code_class=CodeClass.AGAIN_IF_LAST) for code in "1030 1100 1180 1220 1230 1241 1331".split()},
    "1050": CodeMeaning(code_class=CodeClass.PERSON),
    "1240": CodeMeaning(code_class=CodeClass.PERSON),
    "1060": CodeMeaning(code_class=CodeClass.FAULT, scope=Scope.ACCOUNT),
    "1070": CodeMeaning(code_class=CodeClass.FAULT, scope=Scope.ACCOUNT),
    "1080": CodeMeaning(code_class=CodeClass.FAULT, scope=Scope.ACCOUNT),
    "1140": CodeMeaning(code_class=CodeClass.FAULT, scope=Scope.CHANNEL),
    "1370": CodeMeaning(code_class=CodeClass.FAULT, scope=Scope.SENDER),
    "1320": CodeMeaning(code_class=CodeClass.DONE),
}
DOCUMENTED = (
    "1000 1010 1020 1021 1022 1030 1040 1050 1060 1070 1080 1090 1100 1110 1120 1130 1140 1150 1160 1170 1180 1190"
    " 1200 1210 1220 1230 1240 1241 1250 1260 1270 1280 1290 1300 1310 1320 1330 1331 1340 1350 1360 1370 1380 1381"
    " 1382 1400 1410 1420 1430 1440 1450"
).split()


@pytest.mark.parametrize("code", DOCUMENTED)
def test_a_documented_code_has_its_class_and_a_sentence(code: str) -> None:
    sentence = sentence_of(code)

    assert NAMED.get(code, NEXT) == meaning_of(code)
    assert sentence is not None
    assert sentence.endswith(".")
    assert CODES[code].remedy == "" or CODES[code].remedy.endswith(".")


def test_no_code_is_in_the_table_that_is_not_documented() -> None:
    assert DOCUMENTED == list(CODES)


@pytest.mark.parametrize("code", [None, "", "unknown", "1482", "422", "１０００"])
def test_a_code_that_nobody_knows_means_next(code: str | None) -> None:
    assert NEXT == meaning_of(code)
    assert sentence_of(code) is None


def test_a_tenants_override_wins_for_known_and_unknown_codes() -> None:
    again = CodeMeaning(code_class=CodeClass.AGAIN)
    overrides = {"1300": again, "1482": again}

    assert [again, again, NEXT] == [meaning_of(code, overrides) for code in ("1300", "1482", "1330")]


def test_every_fault_says_how_far_it_reaches_and_nothing_else_does() -> None:
    assert {True} == {
        (row.meaning.scope is not None) == (row.meaning.code_class is CodeClass.FAULT) for row in CODES.values()
    }
