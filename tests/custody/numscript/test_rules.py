"""What programs mean, one rule at a time, and what they are refused for."""

import pytest
from tests.custody.numscript.books import given, moves, result_of

from jinku.custody.numscript import Inputs
from jinku.custody.numscript import errors as e
from jinku.custody.numscript.features import Feature


def send(source: str, destination: str = "@z", sent: str = "[CNY/2 100]") -> str:
    return f"send {sent} (\n  source = {source}\n  destination = {destination}\n)"


def test_sources_are_taken_in_order() -> None:
    books = given(("a", "CNY/2", 30), ("b", "CNY/2", 50))
    assert moves(send("{ @a @b @world }"), books) == [("a", "z", 30), ("b", "z", 50), ("world", "z", 20)]


def test_an_account_gives_no_more_than_it_has() -> None:
    with pytest.raises(e.MissingFunds) as missing:
        moves(send("{ @a @b }"), given(("a", "CNY/2", 30), ("b", "CNY/2", -50)))
    assert (missing.value.needed, missing.value.available) == (100, 30)
    assert missing.value.http_status == 409


def test_overdraft_is_bounded_and_never_negative() -> None:
    up_to = "@a allowing overdraft up to [CNY/2 {}]"
    assert moves(send(up_to.format(70)), given(("a", "CNY/2", 30))) == [("a", "z", 100)]
    with pytest.raises(e.MissingFunds):
        moves(send(up_to.format(69)), given(("a", "CNY/2", 30)))
    with pytest.raises(e.MissingFunds):
        moves(send(up_to.format(-30)), given(("a", "CNY/2", 99)))
    assert moves(send("@a allowing unbounded overdraft")) == [("a", "z", 100)]


def test_caps_hold_on_both_sides() -> None:
    assert moves(send("{ max [CNY/2 10] from @world @a }"), given(("a", "CNY/2", 90))) == [
        ("world", "z", 10),
        ("a", "z", 90),
    ]
    block = "{ max [CNY/2 -5] to @x max [CNY/2 30] to @y remaining kept }"
    kept = result_of(send("@world", block)).kept
    assert moves(send("@world", block)) == [("world", "y", 30)]
    assert [(k.account, k.amount) for k in kept] == [("world", 70)]


def test_kept_money_can_be_sent_again() -> None:
    program = send("@a", "{ 1/4 to @x remaining kept }") + send("@a", sent="[CNY/2 75]")
    assert moves(program, given(("a", "CNY/2", 100))) == [("a", "x", 25), ("a", "z", 75)]


def test_what_one_statement_gives_the_next_may_take() -> None:
    assert moves(send("@world", "@a") + send("@a")) == [("world", "a", 100), ("a", "z", 100)]


def test_left_over_units_go_to_the_first_parts() -> None:
    block = "{ 1/3 to @x 1/3 to @y remaining to @v }"
    assert [amount for _, _, amount in moves(send("@world", block, "[CNY/2 101]"))] == [34, 34, 33]


@pytest.mark.parametrize(
    "block",
    [
        "{ 1/3 to @x 1/3 to @y }",
        "{ 2/3 to @x 2/3 to @y remaining to @v }",
        "{ -1/2 to @x 3/2 to @y }",
        "{ 3/2 to @x remaining to @y }",
    ],
)
def test_portions_that_make_no_whole_are_refused(block: str) -> None:
    with pytest.raises(e.BadAllotment):
        moves(send("@world", block))


def test_all_there_is() -> None:
    books = given(("a", "CNY/2", 30), ("b", "CNY/2", -5), ("c", "CNY/2", 9))
    source = "{ @a @b max [CNY/2 4] from @world @c allowing overdraft up to [CNY/2 1] }"
    assert moves(send(source, sent="[CNY/2 *]"), books) == [("a", "z", 30), ("world", "z", 4), ("c", "z", 10)]
    for endless in ("@world", "@a allowing unbounded overdraft", "{ 1/2 from @a remaining from @b }"):
        with pytest.raises(e.NotSendable):
            moves(send(endless, sent="[CNY/2 *]"), books)


def test_saved_money_stays_and_saving_never_makes_money() -> None:
    books = given(("a", "CNY/2", 130))
    assert moves("save [CNY/2 30] from @a " + send("@a"), books) == [("a", "z", 100)]
    with pytest.raises(e.MissingFunds):
        moves("save [CNY/2 31] from @a " + send("@a"), books)
    overdrawn = "save [CNY/2 1] from @a " + send("@a allowing overdraft up to [CNY/2 120]")
    with pytest.raises(e.MissingFunds):
        moves(overdrawn, given(("a", "CNY/2", -50)))
    with pytest.raises(e.NegativeAmount):
        moves("save [CNY/2 -1] from @a")


def test_metadata_is_read_as_the_variable_s_type_and_written_as_text() -> None:
    program = 'vars { portion $fee = meta(@deal, "fee") account $to = meta(@deal, "to") }'
    program += send("@world", "{ $fee to @fees remaining to $to }")
    program += ' set_tx_meta("fee", $fee) set_account_meta(@deal, "last", [CNY/2 5] + [CNY/2 6])'
    result = result_of(program, Inputs(metadata={"deal": {"fee": "2.50%", "to": "shop"}}))
    assert [(p.destination, p.amount) for p in result.postings] == [("fees", 3), ("shop", 97)]
    assert result.document()["tx_metadata"] == {"fee": "1/40"}
    assert result.account_metadata == {"deal": {"last": "CNY/2 11"}}
    with pytest.raises(e.MetadataMissing):
        result_of(program)


def test_balance_sees_the_books_and_refuses_a_negative_one() -> None:
    program = "vars { monetary $b = balance(@a, CNY/2) } " + send("@world", sent="$b")
    assert moves(program, given(("a", "CNY/2", 7))) == [("world", "z", 7)]
    with pytest.raises(e.NegativeBalance):
        moves(program, given(("a", "CNY/2", -7)))


@pytest.mark.parametrize(
    ("program", "variables", "error"),
    [
        ("vars { number $n } ", {}, e.VariableMissing),
        ("vars { number $n } ", {"n": "1.5"}, e.BadValue),
        ("vars { number $n } ", {"n": "9" * 201}, e.LimitExceeded),
        ("vars { monetary $m } ", {"m": "CNY/2  1"}, e.BadValue),
        ("vars { monetary $m } ", {"m": "cny 1"}, e.BadValue),
        ("vars { portion $p } ", {"p": "101%"}, e.BadValue),
        ("vars { portion $p } ", {"p": "1/0"}, e.BadValue),
        ("vars { account $a } ", {"a": "a::b"}, e.BadValue),
        ("vars { account $a } ", {"a": "a\n"}, e.BadValue),
        ("vars { thing $a } ", {"a": "1"}, e.UnknownName),
        ("vars { number $n = nothing(1) } ", {}, e.UnknownName),
        ("vars { number $n = balance(@a, CNY/2) } ", {}, e.WrongType),
        ("set_tx_meta()", {}, e.WrongArity),
        ("set_tx_meta(@a, 1)", {}, e.WrongType),
        ('set_tx_meta("k", 1/0)', {}, e.DivisionByZero),
        ('set_tx_meta("k", 1 + CNY/2)', {}, e.WrongType),
        ('set_tx_meta("k", CNY/2 + 1)', {}, e.WrongType),
        ('set_tx_meta("k", -@a)', {}, e.WrongType),
        ("transfer(1)", {}, e.UnknownName),
        (send("$nobody"), {}, e.UnknownName),
        (send("@world", sent="@world"), {}, e.WrongType),
        (send("@world", sent="[CNY/2 -1]"), {}, e.NegativeAmount),
        (send("@world", sent="[CNY/2 1] + [JPY 1]"), {}, e.AssetMismatch),
        (send("max [JPY 1] from @world"), {}, e.AssetMismatch),
        (send("@a allowing overdraft up to [JPY 1]"), {}, e.AssetMismatch),
        ('#![feature("experimental-telepathy")]', {}, e.UnknownName),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(
    program: str, variables: dict[str, str], error: type[e.NumscriptError]
) -> None:
    with pytest.raises(error) as refused:
        result_of(program, Inputs(variables=variables))
    assert refused.value.place.line == 1 or error is e.UnknownName or "source" in program
    assert refused.value.remedy


EXPERIMENTAL = {
    Feature.ONEOF: send("oneof { @a @world }"),
    Feature.ACCOUNT_INTERPOLATION: "vars { number $n } "
    + send("@users:$n:main allowing unbounded overdraft"),
    Feature.MID_SCRIPT_CALL: send("max balance(@a, CNY/2) from @world", sent="[CNY/2 0]"),
    Feature.ASSET_COLORS: send('@a \\ "RED" allowing unbounded overdraft'),
    Feature.ASSET_SCALING: send("@a with scaling through @b", sent="[CNY/2 0]"),
    Feature.OVERDRAFT_FUNCTION: "vars { monetary $m = overdraft(@a, CNY/2) } " + send("@world", sent="$m"),
    Feature.GET_ASSET: "vars { asset $x = get_asset([CNY/2 1]) } " + send("@world", sent="[$x 1]"),
    Feature.GET_AMOUNT: "vars { number $x = get_amount([CNY/2 1]) } " + send("@world", sent="[CNY/2 $x]"),
}


@pytest.mark.parametrize("feature", Feature)
def test_every_feature_needs_its_flag_and_works_with_it(feature: Feature) -> None:
    program = EXPERIMENTAL[feature]
    with pytest.raises(e.FeatureNeeded) as needed:
        result_of(program, given(n="42"))
    assert needed.value.flag == feature.value
    by_caller = result_of(program, given(n="42", features=(feature.value,)))
    by_itself = result_of(f'#![feature("{feature.value}")] ' + program, given(n="42"))
    assert [p.movement() for p in by_caller.postings] == [p.movement() for p in by_itself.postings]


def test_one_of_gives_all_to_the_first_cap_that_holds_it() -> None:
    block = "oneof { max [CNY/2 99] to @x max [CNY/2 100] to @y remaining to @v }"
    for sent, to in ((99, "x"), (100, "y"), (101, "v")):
        program = send("@world", block, f"[CNY/2 {sent}]")
        assert moves(program, given(features=(Feature.ONEOF.value,))) == [("world", to, sent)]


def test_neighbours_from_one_account_are_one_posting_with_both_reasons() -> None:
    source = "{ max [CNY/2 10] from @a max [CNY/2 20] from @a @world }"
    first, _ = result_of(send(source), given(("a", "CNY/2", 90))).postings
    assert (first.source, first.amount) == ("a", 30)
    assert [path[0].note for path in first.why.sources] == ["1 of 3", "2 of 3"]


def test_one_of_leaves_no_trace_of_what_it_gave_up() -> None:
    flags = (Feature.ONEOF.value, Feature.ASSET_SCALING.value)
    source = "oneof { { @a @b with scaling through @swap } @c { @a @c } }"
    books = given(("a", "CNY/2", 50), ("b", "CNY/3", 100), ("c", "CNY/2", 60), features=flags)
    assert moves(send(source), books) == [("a", "z", 50), ("c", "z", 50)]


def test_scaling_exchanges_exactly() -> None:
    books = given(
        ("a", "CNY/2", 40), ("a", "CNY/3", 555), ("a", "CNY", 3), features=(Feature.ASSET_SCALING.value,)
    )
    result = result_of(send("@a with scaling through @swap"), books)
    assert [p.movement()[:4] for p in result.postings] == [
        ("a", "swap", "CNY/3", 550),
        ("a", "swap", "CNY", 1),
        ("swap", "a", "CNY/2", 155),
        ("a", "z", "CNY/2", 100),
    ]


def test_each_posting_says_why() -> None:
    program = send("{ max [CNY/2 40] from @a @world }", "{ 1/3 to @x remaining to @y }")
    first, _, third = result_of(program, given(("a", "CNY/2", 90))).postings
    assert [clause.rule.value for clause in first.why.sources[0]] == ["in order", "max", "account"]
    assert first.why.sources[0][-1].note == "it holds 90"
    assert (first.why.target[0].rule.value, first.why.target[0].line) == ("portion", 3)
    assert first.why.target[0].note == "1/3 of 100 is 33, rounded down, and 1 unit left over by rounding"
    assert third.why.target[0].text == "remaining to @y"
    assert third.why.target[0].note == "2/3 of 100 is 66, rounded down"


def test_a_run_makes_no_more_postings_than_a_batch_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jinku.custody.numscript.state.POSTINGS_MAX", 2)
    two = send("@world", "{ 1/2 to @x remaining to @y }")
    assert len(moves(two)) == 2
    with pytest.raises(e.LimitExceeded, match="more than 2 postings"):
        moves(two + send("@world"))


def test_functions_in_the_middle_see_the_books_and_the_run() -> None:
    flags = (Feature.MID_SCRIPT_CALL.value, Feature.OVERDRAFT_FUNCTION.value)
    program = send("@world", "@a", "[CNY/2 30]") + send("@world", "@z", "overdraft(@a, CNY/2)")
    assert moves(program, given(("a", "CNY/2", -50), features=flags)) == [
        ("world", "a", 30),
        ("world", "z", 20),
    ]


def test_scaling_is_bounded_and_refused_from_the_world() -> None:
    flags = (Feature.ASSET_SCALING.value,)
    with pytest.raises(e.LimitExceeded):
        moves(send("@a with scaling through @b"), given(("a", "CNY/999999", 1), features=flags))
    with pytest.raises(e.Misplaced):
        moves(send("@world with scaling through @b"), given(features=flags))
    with pytest.raises(e.MissingFunds):
        moves(send("@a with scaling through @b"), given(("a", "CNY/3", -5000), features=flags))


def test_portions_of_many_digits_are_refused_in_few_words() -> None:
    big = [f"1/{10**150 + n}" for n in range(20)]
    with pytest.raises(e.BadAllotment) as refused:
        moves(send("@world", "{ " + " ".join(f"{portion} to @x" for portion in big) + " }"))
    assert len(str(refused.value)) < 300
