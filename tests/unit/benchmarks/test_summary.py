"""Rounds, medians and ratios."""

from benchmarks.slices import LEAST_ROUNDS, Contender, Key, Round, Slice, play_rounds
from benchmarks.summary import bare_rate, pace, quartiles, rates

OURS, RAW = Key("ours", "nature-dqn"), Key("raw", "nature-dqn")


def a_round(ours: float, raw: float) -> Round:
    return {OURS: Slice(round(ours), 1.0), RAW: Slice(round(raw), 1.0)}


class Idle:
    """A contender that notes its slices."""

    def __init__(self, name: str, slices: list[str]) -> None:
        self._name, self._slices = name, slices

    def warm_up(self) -> None: ...

    def play_on(self) -> None: ...

    def measure(self, seconds: float) -> Slice:
        self._slices.append(self._name)
        return Slice(int(100 * seconds), seconds)


class ForRounds:
    """Turns for a number of rounds."""

    def __init__(self, rounds: int) -> None:
        self._left = rounds

    def take(self, contender: Contender, seconds: float) -> Slice:
        return contender.measure(seconds)

    def goes_on(self, deadline: float) -> bool:
        self._left -= 1
        return self._left > 0


def play(rounds: int) -> tuple[list[Round], list[str]]:
    order: list[str] = []
    contenders: dict[Key, Contender] = {OURS: Idle("ours", order), RAW: Idle("raw", order)}
    return play_rounds(contenders, ForRounds(rounds), 0.5, 0.0), order


def test_contenders_play_in_turn_until_the_time_is_over() -> None:
    rounds, order = play(5)
    assert order == ["ours", "raw"] * 5
    assert [found[OURS] for found in rounds] == [Slice(50, 0.5)] * 5


def test_however_short_the_time_there_are_rounds_enough_for_a_median() -> None:
    assert len(play(0)[0]) == LEAST_ROUNDS


def test_a_ratio_compares_within_a_round_since_the_machine_drifts() -> None:
    found = pace([[a_round(700, 1000), a_round(360, 500), a_round(1600, 2000)]], OURS)
    assert found.ratio == 0.72
    assert found.ratio_quartiles == (0.71, 0.76)
    assert (found.frames_per_second, found.raw_frames_per_second) == (700, 1000)


def test_of_processes_that_play_at_once_the_mean_counts() -> None:
    together = [[a_round(400, 1000)], [a_round(600, 1000)]]
    assert rates(together, OURS) == [500]
    assert pace(together, OURS).ratio == 0.5


def test_the_bare_emulator_is_told_over_all_architectures() -> None:
    large = Key("raw", "uber-large")
    rounds: list[Round] = [{RAW: Slice(100, 1.0), large: Slice(300, 1.0)}]
    assert bare_rate([rounds], ["nature-dqn", "uber-large"]).frames_per_second == 200


def test_one_value_is_its_own_quartiles() -> None:
    assert quartiles([0.5]) == (0.5, 0.5)
