"""The CHECK on journal rows: false, and not null, on anything malformed."""

import pytest

GOOD = ("{1,2}", "{5,-5}", "{0,0}")


@pytest.mark.parametrize("label, arrays, want", [
    ("balanced", GOOD, True),
    ("three legs", ("{1,2,3}", "{5,-3,-2}", "{0,1,2}"), True),
    ("not zero", ("{1,2}", "{5,-4}", "{0,0}"), False),
    ("a zero leg", ("{1,2,3}", "{5,-5,0}", "{0,0,0}"), False),
    ("one leg", ("{1}", "{0}", "{0}"), False),
    ("no leg", ("{}", "{}", "{}"), False),
    ("fewer accounts", ("{1}", "{5,-5}", "{0,0}"), False),
    ("fewer kinds", ("{1,2}", "{5,-5}", "{0}"), False),
    ("a null account", ("{1,null}", "{5,-5}", "{0,0}"), False),
    ("a null amount", ("{1,2,3}", "{5,-5,null}", "{0,0,0}"), False),
    ("a null kind", ("{1,2}", "{5,-5}", "{0,null}"), False),
    ("null accounts", (None, "{5,-5}", "{0,0}"), False),
    ("null amounts", ("{1,2}", None, "{0,0}"), False),
    ("null kinds", ("{1,2}", "{5,-5}", None), False),
])
def test_journal_balanced(sold, label, arrays, want):
    assert sold.sql("select journal_balanced(%s::int8[], %s::int8[], %s::int2[])", *arrays) == [(want,)], label


def test_rows_stay(sold):
    """The service may add to the journal, and nothing else."""
    for change in ("update journal set event_no = 2", "delete from journal", "truncate journal"):
        with pytest.raises(Exception, match="permission denied"):
            sold.sql("set role yuncang_service; " + change)
