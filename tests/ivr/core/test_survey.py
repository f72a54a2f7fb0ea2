from ivr.core.survey import satisfaction_of


def test_only_the_digits_1_to_5_count() -> None:
    read = {digit: satisfaction_of(digit) for digit in ("", *"0123456789*#", "²", "５")}
    assert {digit: value for digit, value in read.items() if value} == {
        "1": 1,
        "2": 2,
        "3": 3,
        "4": 4,
        "5": 5,
    }
